#include "runner/schedule/worker.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "runner/schedule/signals.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

constexpr const char* journal_variable = "ARCHSWEEP_JOURNAL=";
constexpr std::size_t longest_line = 1 << 20;

[[noreturn]] void fail(const std::string& what) {
  throw Error(fmt::format("{}: {}", what, std::strerror(errno)), Exit::environment);
}

struct Pipe {
  Fd read, write;
};

// Above fd 3, so that the child may put its own ends there.
Fd high(int fd) {
  const Fd low(fd);
  Fd result(::fcntl(fd, F_DUPFD_CLOEXEC, 10));
  if (!result) fail("cannot make a pipe");
  return result;
}

Pipe make_pipe() {
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0) fail("cannot make a pipe");
  Pipe result{high(fds[0]), high(fds[1])};
  return result;
}

// Kills by the kernel for want of memory so far, of this container and of the machine.
long long oom_kills() {
  long long total = 0;
  for (const char* path : {"/sys/fs/cgroup/memory.events", "/proc/vmstat"}) {
    std::ifstream file(path);
    std::string key;
    long long value;
    while (file >> key >> value)
      if (key == "oom_kill") total += value;
  }
  return total;
}

// In the child: only calls that are safe between fork and exec.
[[noreturn]] void become_worker(const char* program, char* const* argv, char* const* environment,
                                int parent, int job, int events, int output, int status) {
  Signals::reset_in_child();
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);  // it died before the line above
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(job, STDIN_FILENO);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::dup2(events, event_fd);
  ::execve(program, argv, environment);
  const int error = errno;
  [[maybe_unused]] const auto n = ::write(status, &error, sizeof error);
  ::_exit(127);
}

Fd write_job(const std::filesystem::path& path, const std::string& text) {
  Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!file) fail(path.string() + ": cannot write");
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto n = ::write(file.get(), rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path.string() + ": cannot write");
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  ::lseek(file.get(), 0, SEEK_SET);
  return file;
}

}  // namespace

std::filesystem::path find_worker() {
  std::filesystem::path path;
  if (const char* named = std::getenv("ARCHSWEEP_TRIAL"); named && *named) {
    path = named;
    if (::access(path.c_str(), X_OK) != 0)
      fail(fmt::format("{}: named by ARCHSWEEP_TRIAL, cannot be run", path.string()));
    return std::filesystem::absolute(path);
  }
  path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "archsweep-trial";
  if (::access(path.c_str(), X_OK) != 0)
    fail(
        fmt::format("{}: the worker program cannot be run (build it, or name it by "
                    "ARCHSWEEP_TRIAL)",
                    path.string()));
  return path;
}

Fd& Fd::operator=(Fd&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

void Fd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Worker::Worker(const std::filesystem::path& program, const Launch& launch)
    : oom_kills_before_(oom_kills()), log_(launch.files.string() + ".log") {
  const Fd job = write_job(launch.files.string() + ".json", encode(launch.job));
  Pipe events = make_pipe(), output = make_pipe(), status = make_pipe();

  std::string name = program.string();
  char* argv[] = {name.data(), nullptr};
  std::string journal = journal_variable + launch.job.journal;
  std::vector<char*> environment;
  for (char** e = environ; *e; ++e)
    if (std::strncmp(*e, journal_variable, std::strlen(journal_variable)) != 0)
      environment.push_back(*e);
  environment.push_back(journal.data());
  environment.push_back(nullptr);

  const int parent = ::getpid();
  pid_ = ::fork();
  if (pid_ < 0) fail("cannot start a process");
  if (pid_ == 0)
    become_worker(name.c_str(), argv, environment.data(), parent, job.get(), events.write.get(),
                  output.write.get(), status.write.get());
  ::setpgid(pid_, pid_);  // in both, so that neither need wait for the other

  events.write.reset();
  output.write.reset();
  status.write.reset();
  events_ = std::move(events.read);
  output_ = std::move(output.read);
  for (const Fd* fd : {&events_, &output_}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);

  int error = 0;
  ssize_t n;
  while ((n = ::read(status.read.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (n > 0) {
    ::waitpid(pid_, nullptr, 0);
    reaped_ = true;
    throw Error(fmt::format("{}: cannot be run: {}", name, std::strerror(error)),
                Exit::environment);
  }
}

Worker::~Worker() {
  if (reaped_ || pid_ < 0) return;
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

void Worker::read_events(std::deque<Happening>& into) {
  char bytes[1 << 16];
  const auto n = ::read(events_.get(), bytes, sizeof bytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) return events_.reset();
  std::string_view text(bytes, static_cast<std::size_t>(n));
  for (;;) {
    const auto end = text.find('\n');
    if (!skipping_) line_ += text.substr(0, end);
    if (line_.size() > longest_line) {
      skipping_ = true;
      line_.clear();
    }
    if (end == std::string_view::npos) return;
    if (!skipping_)
      if (auto event = decode_event(line_)) into.push_back({pid_, std::move(*event)});
    line_.clear();
    skipping_ = false;
    text.remove_prefix(end + 1);
  }
}

void Worker::read_output() {
  char bytes[1 << 16];
  const auto n = ::read(output_.get(), bytes, sizeof bytes);
  if (n < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (n <= 0) return output_.reset();
  log_.add({bytes, static_cast<std::size_t>(n)});
}

bool Worker::reap(std::deque<Happening>& into) {
  siginfo_t info{};
  if (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
      info.si_pid == 0)
    return false;
  ::kill(-pid_, SIGKILL);  // what it started itself; before its pid can be anyone else's
  ::waitpid(pid_, nullptr, 0);
  reaped_ = true;

  // At most what pipes hold: everything that could write to them is dead or dying.
  constexpr int reads = 32;
  for (int i = 0; i < reads && events_; ++i) read_events(into);
  for (int i = 0; i < reads && output_; ++i) read_output();
  events_.reset();
  output_.reset();
  log_.close();

  Ended ended{.exit_code = 0, .timed_out = timed_out, .tail = log_.tail()};
  if (info.si_code == CLD_EXITED)
    ended.exit_code = info.si_status;
  else
    ended.signal = info.si_status;
  ended.out_of_memory = ended.signal == SIGKILL && !killed_ && oom_kills() > oom_kills_before_;
  into.push_back({pid_, std::move(ended)});
  return true;
}

void Worker::signal(int number) {
  killed_ = true;
  ::kill(-pid_, number);
}

bool is_worker_of(int pid, const std::string& journal) {
  std::ifstream file(fmt::format("/proc/{}/environ", pid), std::ios::binary);
  std::string variable;
  while (std::getline(file, variable, '\0'))
    if (variable == journal_variable + journal) return true;
  return false;
}

}  // namespace archsweep::runner
