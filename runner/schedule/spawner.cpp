#include "runner/schedule/spawner.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "runner/schedule/signals.h"
#include "runner/support/error.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {
namespace {

// A server that dies again and again is not worth its trouble.
constexpr int most_servers = 3;
// LibTorch comes from a cold disk, on a machine that is busy. A server that is silent for longer is
// as good as dead.
constexpr int longest_silence = 60'000;  // milliseconds

// Until there is something to read; false: there is not.
bool wait_for(int fd) {
  pollfd waits{fd, POLLIN, 0};
  int ready;
  while ((ready = ::poll(&waits, 1, longest_silence)) < 0 && errno == EINTR) {
  }
  return ready > 0;
}

[[noreturn]] void fail(const std::string& what) {
  throw Error(fmt::format("{}: {}", what, std::strerror(errno)), Exit::environment);
}

// A script is not asked: it might do its work for the asking.
bool is_script(const std::filesystem::path& program) {
  char begin[2] = {};
  std::ifstream(program, std::ios::binary).read(begin, sizeof begin);
  return begin[0] == '#' && begin[1] == '!';
}

struct Child {
  int in, out, three;  // its fds 0, 1 and 2, 3
};

// In the child: only calls that are safe between fork and exec.
[[noreturn]] void become(const char* program, char* const* argv, int parent, const Child& child,
                         int status) {
  Signals::reset_in_child();
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(child.in, STDIN_FILENO);
  ::dup2(child.out, STDOUT_FILENO);
  ::dup2(child.out, STDERR_FILENO);
  ::dup2(child.three, event_fd);
  ::execv(program, argv);
  const int error = errno;
  [[maybe_unused]] const auto n = ::write(status, &error, sizeof error);
  ::_exit(127);
}

int run_program(const std::filesystem::path& program, std::vector<std::string> words,
                const Child& child) {
  Pipe status = make_pipe();
  std::string name = program.string();
  std::vector<char*> argv{name.data()};
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  const int parent = ::getpid();
  const int pid = ::fork();
  if (pid < 0) fail("cannot start a process");
  if (pid == 0) become(name.c_str(), argv.data(), parent, child, status.write.get());
  ::setpgid(pid, pid);  // in both, so that neither need wait for the other
  status.write.reset();
  if (int error = 0; read_value(status.read.get(), &error, sizeof error)) {
    ::waitpid(pid, nullptr, 0);
    throw Error(fmt::format("{}: cannot be run: {}", name, std::strerror(error)),
                Exit::environment);
  }
  return pid;
}

}  // namespace

Spawner::Spawner(std::filesystem::path program)
    : program_(std::move(program)), tries_left_(is_script(program_) ? 0 : most_servers) {
  // OpenMP's threads wait for one another by spinning; as long as they do by default, a trial beside
  // another process is many times slower. This costs a trial alone nothing that can be measured.
  if (!std::getenv("OMP_WAIT_POLICY")) ::setenv("GOMP_SPINCOUNT", spin_count, /*overwrite=*/0);
}

Spawner::~Spawner() {
  close_server();
}

int Spawner::start(const WorkerEnds& ends) {
  while (server_ || tries_left_ > 0) {
    if (!server_) open_server();
    if (!server_) continue;
    if (const auto pid = fork_worker(ends)) return *pid;
    close_server();
  }
  return run_program(program_, {}, {ends.job, ends.output, ends.events});
}

void Spawner::open_server() {
  --tries_left_;
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // before there is a child, so that all of its are counted
  auto [ours, theirs] = make_connection();
  const Fd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (!nothing) fail("/dev/null");
  server_ = run_program(program_, {fork_server_word, std::string(longest_title, ' ')},
                        {nothing.get(), nothing.get(), theirs.get()});
  theirs.reset();
  socket_ = std::move(ours);
  wait_for(socket_.get());
  char text[4096];
  const auto n = ::recv(socket_.get(), text, sizeof text, MSG_DONTWAIT);
  const auto event = decode_event({text, static_cast<std::size_t>(n > 0 ? n : 0)});
  const auto* hello = event ? std::get_if<Hello>(&*event) : nullptr;
  if (!hello) {
    // Killed while it loads, another one may live; a program that ends, or says something else, is
    // no fork server.
    const bool is_killed = close_server() && n == 0;
    if (!is_killed) tries_left_ = 0;
    return;
  }
  const auto& version = hello->environment.archsweep;
  if (hello->protocol == protocol_version && version == ARCHSWEEP_VERSION) return;
  close_server();
  throw Error(
      fmt::format("{}: is of archsweep {} (protocol {}), and this is archsweep {} (protocol "
                  "{}): build both at once, or name the right one by ARCHSWEEP_TRIAL",
                  program_.string(), version, hello->protocol, ARCHSWEEP_VERSION, protocol_version),
      Exit::environment);
}

bool Spawner::close_server() {
  socket_.reset();
  if (!server_) return false;
  int status = 0;
  ::kill(-server_, SIGKILL);  // also what a program that is no server started
  ::waitpid(server_, &status, 0);
  server_ = 0;
  return WIFSIGNALED(status);
}

// Nothing: the server is gone, or cannot fork.
std::optional<int> Spawner::fork_worker(const WorkerEnds& ends) {
  Pipe status = make_pipe();
  const int fds[] = {ends.job, ends.events, ends.output, status.write.get()};
  static_assert(sizeof fds == fork_request_fds * sizeof(int));
  ForkRequest request{.scheduler = ::getpid(), .title = {}};
  ends.title.copy(request.title, sizeof request.title - 1);
  iovec data{&request, sizeof request};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof fds)] = {};
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fds);
  std::memcpy(CMSG_DATA(header), fds, sizeof fds);
  ssize_t sent;
  while ((sent = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL)) < 0 && errno == EINTR) {
  }
  status.write.reset();
  int pid = 0;
  if (sent < 0 || !wait_for(status.read.get()) || !read_value(status.read.get(), &pid, sizeof pid))
    return std::nullopt;
  return pid;
}

}  // namespace archsweep::runner
