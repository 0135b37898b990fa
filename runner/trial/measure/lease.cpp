#include "runner/trial/measure/lease.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path) {
  throw Error(fmt::format("{}: cannot be locked: {}; name another folder by ARCHSWEEP_LOCKS",
                          path.string(), std::strerror(errno)),
              Exit::environment);
}

// Made by whoever comes first; opened to read, which is enough to lock and is allowed to all (a
// sticky folder may refuse O_CREAT on another user's file).
int open_lock(const fs::path& path) {
  for (int attempt = 0; attempt < 3; ++attempt) {
    int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 && errno == ENOENT)
      fd = ::open(path.c_str(), O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd >= 0) return fd;
    if (errno != EEXIST && errno != ENOENT) break;
  }
  fail(path);
}

}  // namespace

fs::path lock_folder() {
  if (const char* named = std::getenv("ARCHSWEEP_LOCKS"); named && *named) return named;
  struct stat about {};
  const bool for_all = ::stat("/run/lock", &about) == 0 && (about.st_mode & S_IWOTH);
  return for_all ? "/run/lock" : "/tmp";
}

Lease::Lease(const std::string& device, std::function<void(bool)> waiting)
    : waiting_(std::move(waiting)) {
  const auto stem = (lock_folder() / ("archsweep-" + device)).string();
  gate_ = open_lock(stem + ".gate");
  try {
    use_ = open_lock(stem + ".use");
  } catch (...) {
    ::close(gate_);
    throw;
  }
}

Lease::~Lease() {
  ::close(use_);
  ::close(gate_);
}

void Lease::lock(int fd, int how) {
  if (::flock(fd, how | LOCK_NB) == 0) return;
  const bool waits = errno == EWOULDBLOCK && waiting_;
  if (waits) waiting_(true);
  while (::flock(fd, how) != 0)
    if (errno != EINTR) fail(lock_folder());
  if (waits) waiting_(false);
}

// Both let go first: two that hold the device shared would wait for each other.
void Lease::share() {
  ::flock(use_, LOCK_UN);
  lock(gate_, LOCK_SH);
  lock(use_, LOCK_SH);
  ::flock(gate_, LOCK_UN);
}

void Lease::alone() {
  ::flock(use_, LOCK_UN);
  lock(gate_, LOCK_EX);
  lock(use_, LOCK_EX);
}

bool Lease::is_wanted() {
  if (::flock(gate_, LOCK_SH | LOCK_NB) != 0) return true;
  ::flock(gate_, LOCK_UN);
  return false;
}

}  // namespace archsweep::runner
