#pragma once

// The files of a cache folder: what is in each, whether it is in use, how it goes. No decoder and
// no LibTorch: the command line links it.

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "runner/support/fd.h"

namespace archsweep::runner {

inline constexpr std::uint32_t cache_version = 2;       // raised when decoding or resizing changes
inline constexpr const char* cache_ending = ".images";  // of a whole file
inline constexpr const char* unfinished_ending = ".images.part";  // of one that is being written

// A file: this header, the images, a CRC-32 of each, and JSON: {"dataset": root, "bad": [[place
// among the images, why], ...]}.
struct CacheHeader {
  std::array<char, 8> magic = {'a', 's', 'w', 'c', 'a', 'c', 'h', 'e'};
  std::uint32_t version = cache_version, side = 0, channels = 0, count = 0;
  std::uint64_t json_bytes = 0;
  std::array<char, 64> key{};     // hash of what decides the content
  std::uint32_t notes_crc = 0;    // of all that follows the images
  std::array<char, 28> unused{};  // the images begin on a cache line

  std::uint64_t image_bytes() const { return std::uint64_t(side) * side * channels; }
  std::uint64_t notes_at() const { return sizeof(CacheHeader) + count * image_bytes(); }
  std::uint64_t json_at() const {
    return notes_at() + std::uint64_t(count) * sizeof(std::uint32_t);
  }
};
static_assert(sizeof(CacheHeader) == 128);

// Whoever writes a file holds the one lock, whoever reads it the other; the kernel lets go of them
// when the process ends, however it ends.
enum class CacheLock { writing, reading };
bool lock(const Fd& file, CacheLock which, bool wait);  // throws std::system_error

// Holds a whole cache file as one that is in use; nothing where it is not there any more.
std::optional<Fd> use_cache(const std::filesystem::path& file);

enum class CacheState {
  idle,
  in_use,
  unfinished,
  foreign
};  // foreign: another version's, or damaged
const char* name(CacheState state);

struct CacheFile {
  std::filesystem::path path;
  CacheState state = CacheState::foreign;
  std::string dataset;  // root of the data; "" where the file does not tell
  CacheHeader header;   // empty where the file does not tell
  std::uint64_t bytes = 0;
  std::int64_t last_used = 0;  // seconds since 1970
};

// The one used longest ago first; nothing where there is no such folder.
std::vector<CacheFile> list_cache(const std::filesystem::path& folder);

// False: somebody uses or writes it, or it cannot be told. Throws Error when it cannot be removed.
bool remove_cache(const std::filesystem::path& file);

// Removes those used longest ago and not in use until there is room for `bytes` more in the folder,
// of `most_bytes` that all its caches may take (0: all that the disk has). Throws Error where
// `most_bytes` cannot be kept; a full disk is told by whoever writes. `but`: the file to be
// written.
void make_cache_room(const std::filesystem::path& folder, const std::filesystem::path& but,
                     std::uint64_t bytes, std::uint64_t most_bytes);

}  // namespace archsweep::runner
