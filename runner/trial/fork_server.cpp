#include "runner/trial/fork_server.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include <torch/version.h>

#include "runner/trial/protocol.h"

namespace archsweep::runner {
namespace {

struct Received {
  ForkRequest request;
  int job, events, output, status;
};

// False: the scheduler is gone.
bool receive(Received& r) {
  int fds[fork_request_fds];
  iovec data{&r.request, sizeof r.request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)];
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  ssize_t n;
  while ((n = ::recvmsg(event_fd, &message, MSG_CMSG_CLOEXEC)) < 0 && errno == EINTR) {
  }
  const auto* header = CMSG_FIRSTHDR(&message);
  if (n != sizeof r.request || !header || header->cmsg_len != CMSG_LEN(sizeof fds)) return false;
  std::memcpy(fds, CMSG_DATA(header), sizeof fds);
  r.job = fds[0], r.events = fds[1], r.output = fds[2], r.status = fds[3];
  return true;
}

// `between` is the process that forked this one, and ends.
void become_worker(const Received& r, int between) {
  while (::getppid() == between) ::usleep(50);
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // not before: the end of the one between would count
  if (::getppid() != r.request.scheduler) ::_exit(127);
  const int self = ::getpid();
  [[maybe_unused]] const auto n = ::write(r.status, &self, sizeof self);
  ::dup2(r.job, STDIN_FILENO);
  ::dup2(r.output, STDOUT_FILENO);
  ::dup2(r.output, STDERR_FILENO);
  ::dup2(r.events, event_fd);
  ::close_range(event_fd + 1, ~0U, 0);
}

void show(const char* title, int argc, char** argv) {
  char* const begin = argv[1];
  const auto room = static_cast<std::size_t>(argv[argc - 1] + std::strlen(argv[argc - 1]) - begin);
  std::memset(begin, 0, room);
  std::memcpy(begin, title, std::min(room, ::strnlen(title, longest_title)));
}

}  // namespace

bool fork_workers(int argc, char** argv) {
  const auto hello =
      encode(Hello{.environment = {.torch = TORCH_VERSION, .archsweep = ARCHSWEEP_VERSION}});
  if (::send(event_fd, hello.data(), hello.size(), MSG_NOSIGNAL) < 0) return false;
  for (Received r; receive(r);) {
    const int between = ::fork();
    if (between == 0) {
      const int self = ::getpid();
      if (::fork() != 0) ::_exit(0);
      become_worker(r, self);
      show(r.request.title, argc, argv);
      return true;
    }
    for (const int fd : {r.job, r.events, r.output, r.status}) ::close(fd);
    if (between > 0) ::waitpid(between, nullptr, 0);
  }
  return false;
}

}  // namespace archsweep::runner
