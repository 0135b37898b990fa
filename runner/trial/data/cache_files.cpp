#include "runner/trial/data/cache_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

// Locks of open file descriptions on a byte each: flock() has one lock a file, and a process that
// reads must not keep those waiting who wanted to write the same.
struct flock place_of(CacheLock which, short type) {
  struct flock place {};
  place.l_type = type;
  place.l_whence = SEEK_SET;
  place.l_start = which == CacheLock::reading;
  place.l_len = 1;
  return place;
}

bool is_locked(const Fd& file, CacheLock which) {
  auto place = place_of(which, F_WRLCK);
  // A file system without locks cannot tell: then nothing is taken from anybody.
  return ::fcntl(file.get(), F_OFD_GETLK, &place) != 0 || place.l_type != F_UNLCK;
}

bool read_at(const Fd& file, void* to, std::size_t bytes, std::uint64_t at) {
  return ::pread(file.get(), to, bytes, off_t(at)) == ssize_t(bytes);
}

// False: not whole, not ours or of another version.
bool read_notes(const Fd& file, CacheFile& found) {
  constexpr std::uint64_t longest = 64 << 20;
  CacheHeader header;
  const CacheHeader ours;
  if (!read_at(file, &header, sizeof header, 0) || header.magic != ours.magic ||
      header.version != ours.version || header.json_bytes > longest ||
      header.image_bytes() > found.bytes || header.json_at() + header.json_bytes != found.bytes)
    return false;
  std::string text(header.json_bytes, '\0');
  if (!read_at(file, text.data(), text.size(), header.json_at())) return false;
  const auto notes = nlohmann::json::parse(text, nullptr, false);
  if (!notes.is_object() || !notes.contains("dataset") || !notes["dataset"].is_string())
    return false;
  found.header = header;
  found.dataset = notes["dataset"];
  return true;
}

CacheFile look_at(const fs::path& path) {
  CacheFile found{.path = path};
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    found.bytes = std::uint64_t(status.st_size);
    found.last_used = status.st_mtim.tv_sec;
  }
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const bool whole = file && read_notes(file, found);
  if (path.native().ends_with(unfinished_ending))
    found.state = CacheState::unfinished;
  else if (whole)
    found.state = CacheState::idle;
  if (file && (is_locked(file, CacheLock::writing) || is_locked(file, CacheLock::reading)))
    found.state = CacheState::in_use;
  return found;
}

}  // namespace

bool lock(const Fd& file, CacheLock which, bool wait) {
  auto place = place_of(which, which == CacheLock::reading ? F_RDLCK : F_WRLCK);
  while (::fcntl(file.get(), wait ? F_OFD_SETLKW : F_OFD_SETLK, &place) != 0) {
    if (!wait && (errno == EAGAIN || errno == EACCES)) return false;
    if (errno != EINTR) throw std::system_error(errno, std::generic_category());
  }
  return true;
}

std::optional<Fd> use_cache(const fs::path& path) {
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return {};
  try {
    lock(file, CacheLock::reading, /*wait=*/true);
  } catch (const std::system_error&) {
    // A file system without locks: what is mapped stays readable, also when its name is removed.
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink == 0)
    return {};  // removed while this waited
  constexpr timespec now[] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
  ::futimens(file.get(), now);  // another user's file keeps its time
  return file;
}

const char* name(CacheState state) {
  constexpr const char* names[] = {"idle", "in use", "unfinished", "foreign"};
  return names[int(state)];
}

std::vector<CacheFile> list_cache(const fs::path& folder) {
  std::vector<CacheFile> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const auto& name = it->path().native();
    std::error_code ignored;
    if ((name.ends_with(cache_ending) || name.ends_with(unfinished_ending)) &&
        it->is_regular_file(ignored))
      files.push_back(look_at(it->path()));
  }
  std::ranges::sort(files, {}, [](const CacheFile& f) { return std::pair(f.last_used, f.path); });
  return files;
}

bool remove_cache(const fs::path& path) {
  const auto fail = [&](int error) {
    return Error(fmt::format("{}: cannot be removed: {}", path.string(), std::strerror(error)),
                 Exit::environment);
  };
  const Fd file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NONBLOCK));
  if (!file && errno == ENOENT) return true;
  if (!file) throw fail(errno);
  auto both = place_of(CacheLock::writing, F_WRLCK);
  both.l_len = 2;
  if (::fcntl(file.get(), F_OFD_SETLK, &both) != 0) return false;
  struct stat own {
  }, named{};
  if (::fstat(file.get(), &own) != 0 || ::stat(path.c_str(), &named) != 0 ||
      own.st_ino != named.st_ino || own.st_dev != named.st_dev)
    return false;  // another has been put in its place
  if (::unlink(path.c_str()) != 0) throw fail(errno);
  return true;
}

void make_cache_room(const fs::path& folder, const fs::path& but, std::uint64_t bytes,
                     std::uint64_t most_bytes) {
  auto files = list_cache(folder);
  std::erase_if(files, [&](const CacheFile& f) { return f.path == but; });
  std::uint64_t used = 0;
  for (const auto& file : files) used += file.bytes;
  const auto fits = [&] { return most_bytes == 0 || used + bytes <= most_bytes; };
  const auto has_space = [&] {
    std::error_code error;
    const auto space = fs::space(folder, error);
    return error || space.available >= bytes;
  };
  for (const auto& file : files) {
    if (fits() && has_space()) return;
    if (file.state == CacheState::in_use) continue;
    try {
      if (remove_cache(file.path)) used -= file.bytes;
    } catch (const Error&) {
      // Another user's: it stays.
    }
  }
  if (!fits())
    throw Error(
        fmt::format("{}: these images take {}, and of the {} of output.cache_gib {} are in use; "
                    "raise it, or make dataset.image_size or stored_size smaller",
                    folder.string(), human_bytes(double(bytes)), human_bytes(double(most_bytes)),
                    human_bytes(double(used))),
        Exit::environment);
}

}  // namespace archsweep::runner
