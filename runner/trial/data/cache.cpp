#include "runner/trial/data/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::array<char, 8> magic = {'a', 's', 'w', 'c', 'a', 'c', 'h', 'e'};
constexpr std::uint32_t version = 1;  // raised when decoding or resizing changes

// The file: this header, the images, the bad list as JSON.
struct Header {
  std::array<char, 8> magic;
  std::uint32_t version, side, channels, count;
  std::uint64_t bad_bytes;
  std::array<char, 64> key;
  std::array<char, 32> reserved;  // the images begin on a cache line
};
static_assert(sizeof(Header) == 128);

class File {
 public:
  explicit File(int descriptor) : descriptor_(descriptor) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

struct Shape {
  std::string key;
  std::uint32_t side, channels, count;
  std::uint64_t pixel_bytes() const { return std::uint64_t(count) * side * side * channels; }
};

std::shared_ptr<void> map(int file, std::size_t bytes, int protection) {
  void* at = ::mmap(nullptr, bytes, protection, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) return nullptr;
  return {at, [bytes](void* p) { ::munmap(p, bytes); }};
}

// Nothing where the file is missing, cut short or foreign: it is then made again.
std::optional<Cached> open_finished(const fs::path& path, const Shape& shape) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (file.get() < 0 || ::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode)) return {};
  const auto bytes = std::uint64_t(status.st_size);
  if (bytes < sizeof(Header) + shape.pixel_bytes()) return {};
  const auto mapping = map(file.get(), bytes, PROT_READ);
  if (!mapping) return {};
  const auto* start = static_cast<const char*>(mapping.get());
  Header header;
  std::memcpy(&header, start, sizeof header);
  if (header.magic != magic || header.version != version || header.side != shape.side ||
      header.channels != shape.channels || header.count != shape.count ||
      std::string_view(header.key.data(), header.key.size()) != shape.key ||
      bytes != sizeof header + shape.pixel_bytes() + header.bad_bytes)
    return {};
  Cached cached;
  cached.pixels = reinterpret_cast<const std::uint8_t*>(start + sizeof header);
  const char* bad = start + sizeof header + shape.pixel_bytes();
  const auto list = nlohmann::json::parse(bad, bad + header.bad_bytes, nullptr, false);
  if (!list.is_array()) return {};
  for (const auto& entry : list) {
    if (!entry.is_array() || entry.size() != 2 || !entry[0].is_number_unsigned() ||
        !entry[1].is_string() || entry[0].get<std::uint64_t>() >= shape.count)
      return {};
    cached.bad.emplace_back(entry[0].get<std::uint32_t>(), entry[1].get<std::string>());
  }
  cached.mapping = mapping;
  return cached;
}

[[noreturn]] void fail(const fs::path& folder, const std::string& what, int error) {
  throw Error(fmt::format("{}: cannot {}: {}; free space there or choose another folder for the "
                          "cache",
                          folder.string(), what, std::strerror(error)),
              Exit::environment);
}

std::vector<std::pair<std::uint32_t, std::string>> decode_all(
    const Source& source, const DatasetSpec& spec, const std::vector<std::uint32_t>& wanted,
    std::uint8_t* pixels, const DataProgress& progress) {
  std::vector<std::pair<std::uint32_t, std::string>> bad;
  std::mutex mutex;
  std::size_t done = 0;
  const std::size_t bytes = std::size_t(spec.stored_size) * spec.stored_size * spec.channels;
  const std::size_t step = std::max<std::size_t>(1, wanted.size() / 200);
  const auto decode = [&](std::size_t i) {
    std::string why;
    try {
      const Image image = source.read(wanted[i], spec.stored_size, spec.channels);
      to_square(image, spec.resize, spec.stored_size, pixels + i * bytes);
    } catch (const Error&) {
      throw;  // of the whole data set
    } catch (const std::exception& error) {
      why = error.what();
    }
    const std::lock_guard lock(mutex);
    if (!why.empty()) bad.emplace_back(std::uint32_t(i), printable(why, 300));
    if (++done % step == 0 || done == wanted.size())
      if (progress) progress(done, wanted.size());
  };
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, wanted.size(), 8), [&](const auto& range) {
    for (std::size_t i = range.begin(); i < range.end(); ++i) decode(i);
  });
  std::sort(bad.begin(), bad.end());
  return bad;
}

void write_cache(int file, const fs::path& folder, const Shape& shape, const Source& source,
                 const DatasetSpec& spec, const std::vector<std::uint32_t>& wanted,
                 const DataProgress& progress) {
  const std::uint64_t bytes = sizeof(Header) + shape.pixel_bytes();
  const std::string what =
      fmt::format("write the {} of decoded images", human_bytes(double(bytes)));
  // Over this limit the kernel would send a signal rather than an error.
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && bytes > limit.rlim_cur) fail(folder, what, EFBIG);
  // All the space at once: a full disk must not become a SIGBUS in the middle of the mapping.
  if (::ftruncate(file, 0) != 0) fail(folder, what, errno);
  if (const int error = ::posix_fallocate(file, 0, off_t(bytes))) fail(folder, what, error);
  const auto mapping = map(file, bytes, PROT_READ | PROT_WRITE);
  if (!mapping) fail(folder, what, errno);

  auto* start = static_cast<char*>(mapping.get());
  const auto bad = decode_all(source, spec, wanted,
                              reinterpret_cast<std::uint8_t*>(start) + sizeof(Header), progress);
  const std::string list = nlohmann::json(bad).dump();
  Header header{magic, version, shape.side, shape.channels, shape.count, list.size(), {}, {}};
  std::copy_n(shape.key.begin(), header.key.size(), header.key.begin());
  std::memcpy(start, &header, sizeof header);
  if (::pwrite(file, list.data(), list.size(), off_t(bytes)) != ssize_t(list.size()))
    fail(folder, what, errno ? errno : ENOSPC);
  if (::msync(start, bytes, MS_SYNC) != 0 || ::fsync(file) != 0) fail(folder, what, errno);
}

}  // namespace

Cached open_cache(const Source& source, const DatasetSpec& spec,
                  const std::vector<std::uint32_t>& wanted, const fs::path& cache_folder,
                  const DataProgress& progress) {
  Sha256 hash;
  hash.add(fmt::format("{} {} {} {} {}\n", version, source.identity, spec.stored_size,
                       spec.channels, spec.resize));
  hash.add({reinterpret_cast<const char*>(wanted.data()), wanted.size() * sizeof wanted[0]});
  const Shape shape{hash.hex(), std::uint32_t(spec.stored_size), std::uint32_t(spec.channels),
                    std::uint32_t(wanted.size())};
  const fs::path path = cache_folder / (shape.key.substr(0, 24) + ".images");
  if (auto cached = open_finished(path, shape)) return *cached;

  std::error_code error;
  fs::create_directories(cache_folder, error);
  if (error) fail(cache_folder, "make the folder of the cache", error.value());
  const fs::path unfinished = path.string() + ".part";
  for (;;) {
    const File file(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (file.get() < 0) fail(cache_folder, "write to the cache", errno);
    // One process decodes, the others wait for it and find the file finished. What a killed one
    // left behind is written over.
    while (::flock(file.get(), LOCK_EX) != 0)
      if (errno != EINTR) fail(cache_folder, "lock the cache", errno);
    if (auto cached = open_finished(path, shape)) {
      struct stat own {
      }, named{};
      ::fstat(file.get(), &own);
      if (::stat(unfinished.c_str(), &named) == 0 && named.st_ino == own.st_ino)
        ::unlink(unfinished.c_str());
      return *cached;
    }
    struct stat own {
    }, named{};
    ::fstat(file.get(), &own);
    if (::stat(unfinished.c_str(), &named) != 0 || named.st_ino != own.st_ino) continue;
    try {
      write_cache(file.get(), cache_folder, shape, source, spec, wanted, progress);
      if (::rename(unfinished.c_str(), path.c_str()) != 0)
        fail(cache_folder, "name the finished file", errno);
    } catch (...) {
      ::unlink(unfinished.c_str());
      throw;
    }
    const File folder(::open(cache_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder.get() >= 0) ::fsync(folder.get());
    if (auto cached = open_finished(path, shape)) return *cached;
    fail(cache_folder, "read back the cache", EIO);
  }
}

}  // namespace archsweep::runner
