#include "results/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep::results {
namespace {

// Beside the file itself, whatever links lead to it.
std::filesystem::path lock_path(const std::filesystem::path& database) {
  std::error_code none;
  const auto file = std::filesystem::weakly_canonical(database, none);
  return (none ? database : file).string() + ".lock";
}

std::string holder(int fd) {
  char pid[32];
  const auto n = ::pread(fd, pid, sizeof pid, 0);
  return n > 0 ? std::string(pid, static_cast<std::size_t>(n)) : "unknown";
}

Error refused(const std::filesystem::path& database, int error) {
  return Error(fmt::format("{}: cannot be written: {}; is its folder there and writable, and is "
                           "there space?",
                           database.string(), std::strerror(error)),
               Exit::environment);
}

}  // namespace

WriterLock::WriterLock(const std::filesystem::path& database) {
  fd_ = ::open(lock_path(database).c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) throw refused(database, errno);
  // `status` holds the lock for an instant to learn whether a writer lives: hence the second tries.
  for (int left = 5; ::flock(fd_, LOCK_EX | LOCK_NB) != 0; --left) {
    const int error = errno;
    if (error == EWOULDBLOCK && left > 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    const auto pid = holder(fd_);
    ::close(fd_);
    if (error != EWOULDBLOCK) throw refused(database, error);
    throw Error(
        fmt::format("{}: another sweep is writing to it (process {}); wait for it, or give another "
                    "file with --db, and another folder with --set output.folder=FOLDER",
                    database.string(), pid),
        Exit::environment);
  }
  const auto pid = std::to_string(::getpid());
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) < 0) {
    const int error = errno;
    ::close(fd_);
    throw refused(database, error);
  }
}

WriterLock::~WriterLock() {
  ::close(fd_);
}

std::optional<std::string> writer_of(const std::filesystem::path& database) {
  const int fd = ::open(lock_path(database).c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  std::optional<std::string> pid;
  if (::flock(fd, LOCK_SH | LOCK_NB) != 0) pid = holder(fd);
  ::close(fd);
  return pid;
}

}  // namespace archsweep::results
