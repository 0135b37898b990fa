#include "runner/schedule/signals.h"

#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <unistd.h>

#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

// Handlers are the process's, so their pipe is too.
int pipe_fds[2] = {-1, -1};

void on_signal(int number) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(number);
  // A full pipe loses nothing that matters: whoever reads it looks at everything.
  [[maybe_unused]] const auto n = ::write(pipe_fds[1], &byte, 1);
  errno = saved;
}

}  // namespace

Signals::Signals() {
  if (::pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0)
    throw Error(std::string("cannot make a pipe: ") + std::strerror(errno), Exit::environment);
  for (std::size_t i = 0; i < handled.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = handled[i] == SIGPIPE ? SIG_IGN : on_signal;
    action.sa_flags = SA_RESTART;
    ::sigaction(handled[i], &action, &before_[i]);
    // nohup's wish is respected
    if (handled[i] == SIGHUP && before_[i].sa_handler == SIG_IGN)
      ::sigaction(SIGHUP, &before_[i], nullptr);
  }
}

Signals::~Signals() {
  for (std::size_t i = 0; i < handled.size(); ++i) ::sigaction(handled[i], &before_[i], nullptr);
  for (int& fd : pipe_fds) {
    ::close(fd);
    fd = -1;
  }
}

int Signals::fd() const {
  return pipe_fds[0];
}

std::vector<int> Signals::take() {
  std::vector<int> numbers;
  unsigned char bytes[64];
  for (;;) {
    const auto n = ::read(pipe_fds[0], bytes, sizeof bytes);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return numbers;
    numbers.insert(numbers.end(), bytes, bytes + n);
  }
}

void Signals::reset_in_child() {
  for (const int number : handled) ::signal(number, SIG_DFL);
}

}  // namespace archsweep::runner
