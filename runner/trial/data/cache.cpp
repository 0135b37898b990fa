#include "runner/trial/data/cache.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <unistd.h>
#include <zlib.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/text.h"
#include "runner/trial/data/cache_files.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

std::shared_ptr<void> map(int file, std::size_t bytes) {
  void* at = ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file, 0);
  if (at == MAP_FAILED) return nullptr;
  return {at, [bytes](void* p) { ::munmap(p, bytes); }};
}

std::uint32_t crc(const void* bytes, std::size_t size) {
  return std::uint32_t(::crc32_z(0, static_cast<const Bytef*>(bytes), size));
}

// A mapped file, in use as long as it is mapped.
struct Mapped {
  Fd file;
  std::shared_ptr<void> bytes;
};

bool same_images(const CacheHeader& header, const std::uint8_t* pixels, const char* crcs) {
  std::atomic<bool> same = true;
  tbb::parallel_for(std::uint32_t(0), header.count, [&](std::uint32_t i) {
    std::uint32_t stored;
    std::memcpy(&stored, crcs + i * sizeof stored, sizeof stored);
    if (same && crc(pixels + i * header.image_bytes(), header.image_bytes()) != stored)
      same = false;
  });
  return same;
}

// Nothing where the file is missing, cut short, damaged or foreign: it is then made again.
std::optional<Cached> open_finished(const fs::path& path, const CacheHeader& wanted, bool check) {
  auto file = use_cache(path);
  struct stat status {};
  if (!file || ::fstat(file->get(), &status) != 0) return {};
  const auto bytes = std::uint64_t(status.st_size);
  if (bytes < wanted.json_at()) return {};
  auto mapped = std::make_shared<Mapped>();
  mapped->bytes = map(file->get(), bytes);
  mapped->file = std::move(*file);
  if (!mapped->bytes) return {};
  const auto* start = static_cast<const char*>(mapped->bytes.get());
  CacheHeader header;
  std::memcpy(&header, start, sizeof header);
  if (header.magic != wanted.magic || header.version != wanted.version ||
      header.side != wanted.side || header.channels != wanted.channels ||
      header.count != wanted.count || header.key != wanted.key ||
      bytes != header.json_at() + header.json_bytes ||
      header.notes_crc != crc(start + header.notes_at(), bytes - header.notes_at()))
    return {};
  Cached cached;
  cached.file = path;
  cached.pixels = reinterpret_cast<const std::uint8_t*>(start + sizeof header);
  if (check && !same_images(header, cached.pixels, start + header.notes_at())) {
    fmt::print(stderr, "{}: the images are not those that were written: decoding them again\n",
               path.string());
    return {};
  }
  const char* json = start + header.json_at();
  const auto notes = nlohmann::json::parse(json, json + header.json_bytes, nullptr, false);
  try {
    notes.at("bad").get_to(cached.bad);
  } catch (const nlohmann::json::exception&) {
    return {};
  }
  for (const auto& [place, why] : cached.bad)
    if (place >= wanted.count) return {};
  cached.mapping = mapped;
  return cached;
}

[[noreturn]] void fail(const fs::path& folder, const std::string& what, int error) {
  throw Error(fmt::format("{}: cannot {}: {}; free space there or choose another folder for the "
                          "cache",
                          folder.string(), what, std::strerror(error)),
              Exit::environment);
}

using Write = std::function<void(const void* bytes, std::size_t size, std::uint64_t at)>;

std::vector<std::pair<std::uint32_t, std::string>> decode_all(
    const Source& source, const DatasetSpec& spec, const std::vector<std::uint32_t>& wanted,
    const CacheHeader& header, std::uint32_t* crcs, const Write& write,
    const DataProgress& progress) {
  std::vector<std::pair<std::uint32_t, std::string>> bad;
  std::mutex mutex;
  std::size_t done = 0;
  const std::size_t bytes = header.image_bytes();
  const std::size_t step = std::max<std::size_t>(1, wanted.size() / 200);
  const auto decode = [&](std::size_t i, std::vector<std::uint8_t>& pixels) {
    std::string why;
    try {
      const Image image = source.read(wanted[i], spec.stored_size, spec.channels);
      to_square(image, spec.resize, spec.stored_size, pixels.data());
    } catch (const Error&) {
      throw;  // of the whole data set
    } catch (const std::exception& error) {
      why = error.what();
      std::ranges::fill(pixels, 0);
    }
    crcs[i] = crc(pixels.data(), bytes);
    write(pixels.data(), bytes, sizeof header + i * bytes);
    const std::lock_guard lock(mutex);
    if (!why.empty()) bad.emplace_back(std::uint32_t(i), printable(why, 300));
    if (++done % step == 0 || done == wanted.size())
      if (progress) progress(done, wanted.size());
  };
  tbb::parallel_for(tbb::blocked_range<std::size_t>(0, wanted.size(), 8), [&](const auto& range) {
    std::vector<std::uint8_t> pixels(bytes);
    for (std::size_t i = range.begin(); i < range.end(); ++i) decode(i, pixels);
  });
  std::sort(bad.begin(), bad.end());
  return bad;
}

void write_cache(const Fd& file, const fs::path& path, CacheHeader header, const Source& source,
                 const DatasetSpec& spec, const std::vector<std::uint32_t>& wanted,
                 const CacheRules& rules, const DataProgress& progress) {
  const auto folder = path.parent_path();
  const std::uint64_t bytes = header.json_at();
  const std::string what =
      fmt::format("write the {} of decoded images", human_bytes(double(bytes)));
  // Over this limit the kernel would send a signal rather than an error.
  rlimit limit{};
  if (::getrlimit(RLIMIT_FSIZE, &limit) == 0 && bytes > limit.rlim_cur) fail(folder, what, EFBIG);
  if (::ftruncate(file.get(), 0) != 0) fail(folder, what, errno);
  {
    // One after the other: who makes room must see what others have just taken of it. A file system
    // without locks can tell nobody.
    const Fd turn(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    while (turn && ::flock(turn.get(), LOCK_EX) != 0 && errno == EINTR) continue;
    make_cache_room(folder, path, bytes, rules.most_bytes);
    // All the space at once: a full disk is told before the first image is decoded.
    if (const int error = ::posix_fallocate(file.get(), 0, off_t(bytes))) fail(folder, what, error);
  }
  // Not by a mapping: its pages would be filled with zeros first, a fifth of the whole time.
  const Write write = [&](const void* from, std::size_t size, std::uint64_t at) {
    const auto* next = static_cast<const char*>(from);
    while (size > 0) {
      const ssize_t n = ::pwrite(file.get(), next, size, off_t(at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) fail(folder, what, n < 0 ? errno : ENOSPC);
      next += n, at += std::uint64_t(n), size -= std::size_t(n);
    }
  };
  std::vector<std::uint32_t> crcs(header.count);
  const auto bad = decode_all(source, spec, wanted, header, crcs.data(), write, progress);
  const std::string json = nlohmann::json{{"dataset", spec.root}, {"bad", bad}}.dump(
      -1, ' ', false, nlohmann::json::error_handler_t::replace);
  header.json_bytes = json.size();
  std::string notes(reinterpret_cast<const char*>(crcs.data()), crcs.size() * sizeof crcs[0]);
  notes += json;
  header.notes_crc = crc(notes.data(), notes.size());
  write(notes.data(), notes.size(), header.notes_at());
  write(&header, sizeof header, 0);
  if (::fsync(file.get()) != 0) fail(folder, what, errno);
}

bool is_named(const Fd& file, const fs::path& path) {
  struct stat own {
  }, named{};
  return ::fstat(file.get(), &own) == 0 && ::stat(path.c_str(), &named) == 0 &&
         own.st_ino == named.st_ino && own.st_dev == named.st_dev;
}

}  // namespace

Cached open_cache(const Source& source, const DatasetSpec& spec,
                  const std::vector<std::uint32_t>& wanted, const fs::path& cache_folder,
                  const DataProgress& progress, const CacheRules& rules) {
  Sha256 hash;
  hash.add(fmt::format("{} {} {} {} {}\n", cache_version, source.identity, spec.stored_size,
                       spec.channels, spec.resize));
  hash.add({reinterpret_cast<const char*>(wanted.data()), wanted.size() * sizeof wanted[0]});
  const auto key = hash.hex();
  CacheHeader header{.side = std::uint32_t(spec.stored_size),
                     .channels = std::uint32_t(spec.channels),
                     .count = std::uint32_t(wanted.size())};
  std::copy_n(key.begin(), header.key.size(), header.key.begin());
  const fs::path path = cache_folder / (key.substr(0, 24) + cache_ending);
  if (auto cached = open_finished(path, header, rules.check)) return *cached;

  std::error_code error;
  fs::create_directories(cache_folder, error);
  if (error) fail(cache_folder, "make the folder of the cache", error.value());
  const fs::path unfinished = cache_folder / (key.substr(0, 24) + unfinished_ending);
  for (;;) {
    const Fd file(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (!file) fail(cache_folder, "write to the cache", errno);
    // One process decodes, the others wait for it and find the file finished. What a killed one
    // left behind is written over.
    try {
      while (!lock(file, CacheLock::writing, /*wait=*/false)) {
        if (progress) progress(0, wanted.size());  // a sign of life
        std::this_thread::sleep_for(std::chrono::milliseconds(200));
      }
    } catch (const std::system_error& refused) {
      fail(cache_folder, "lock the cache", refused.code().value());
    }
    if (auto cached = open_finished(path, header, rules.check)) {
      if (is_named(file, unfinished)) ::unlink(unfinished.c_str());
      return *cached;
    }
    if (!is_named(file, unfinished)) continue;
    try {
      write_cache(file, unfinished, header, source, spec, wanted, rules, progress);
      lock(file, CacheLock::reading, /*wait=*/true);  // from the first moment that it has its name
      if (::rename(unfinished.c_str(), path.c_str()) != 0)
        fail(cache_folder, "name the finished file", errno);
    } catch (...) {
      ::unlink(unfinished.c_str());
      throw;
    }
    const Fd folder(::open(cache_folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (folder) ::fsync(folder.get());
    if (auto cached = open_finished(path, header, false)) return *cached;
    fail(cache_folder, "read back the cache", EIO);
  }
}

}  // namespace archsweep::runner
