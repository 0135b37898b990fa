#include "runner/schedule/fd.h"

#include <cerrno>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

[[noreturn]] void fail() {
  throw Error(std::string("cannot make a pipe: ") + std::strerror(errno), Exit::environment);
}

Fd high(int fd) {
  const Fd low(fd);
  Fd result(::fcntl(fd, F_DUPFD_CLOEXEC, 10));
  if (!result) fail();
  return result;
}

}  // namespace

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) fail();
  return {high(fds[0]), high(fds[1])};
}

Connection make_connection() {
  int fds[2];
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) fail();
  return {high(fds[0]), high(fds[1])};
}

bool read_value(int fd, void* value, std::size_t size) {
  ssize_t n;
  while ((n = ::read(fd, value, size)) < 0 && errno == EINTR) {
  }
  return n == static_cast<ssize_t>(size);
}

}  // namespace archsweep::runner
