#include "runner/schedule/worker.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "runner/schedule/conclude.h"
#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

[[noreturn]] void fail(const std::string& what) {
  throw Error(fmt::format("{}: {}", what, std::strerror(errno)), Exit::environment);
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

Worker::Worker(Spawner& spawner, const Launch& launch)
    : launch_(launch),
      program_(spawner.program().string()),
      oom_kills_before_(oom_kills()),
      log_(launch.files.string() + ".log") {
  const Fd job = write_job(launch.files.string() + ".json", encode(launch.job));
  Pipe events = make_pipe(), output = make_pipe();
  const auto& spec = launch.job.spec;
  pid_ = spawner.start(
      {.job = job.get(),
       .events = events.write.get(),
       .output = output.write.get(),
       .title = fmt::format("{} {} lr {:g} seed {}", launch.job.kind, spec.architecture,
                            spec.training.learning_rate, spec.training.seed)});
  events_ = std::move(events.read);
  output_ = std::move(output.read);
  for (const Fd* fd : {&events_, &output_}) ::fcntl(fd->get(), F_SETFL, O_NONBLOCK);
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
  lines_.add({bytes, static_cast<std::size_t>(n)},
             [&](const std::string& line) { take(line, into); });
}

void Worker::take(const std::string& line, std::deque<Happening>& into) {
  if (is_foreign_) return;
  auto event = decode_event(line);
  if (!event) return;
  const auto* progress = std::get_if<Progress>(&*event);
  waits_for_others_ = progress && progress->phase == "wait";
  spends_time_ = !waits_for_others_ && !(progress && progress->phase == "download");
  auto why = foreign(*event, program_);
  if (!why) return into.push_back({pid_, std::move(*event)});
  is_foreign_ = true;  // what else it says could mean anything
  into.push_back({pid_, std::move(*why)});
  signal(SIGKILL);
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
  auto ended = end(into);
  if (info.si_code == CLD_EXITED)
    ended.exit_code = info.si_status;
  else
    ended.signal = info.si_status;
  ended.out_of_memory = ended.signal == SIGKILL && !killed_ && oom_kills() > oom_kills_before_;
  into.push_back({pid_, std::move(ended)});
  return true;
}

void Worker::give_up(std::deque<Happening>& into) {
  auto ended = end(into);
  ended.signal = SIGKILL;
  ended.taken_by = fmt::format(
      "process {} was killed and does not end: a device or a file system "
      "does not let go of it",
      pid_);
  into.push_back({pid_, std::move(ended)});
}

// What there is to say however it ended.
Ended Worker::end(std::deque<Happening>& into) {
  reaped_ = true;
  // At most what pipes hold: everything that could write to them is dead or dying.
  constexpr int reads = 32;
  for (int i = 0; i < reads && events_; ++i) read_events(into);
  for (int i = 0; i < reads && output_; ++i) read_output();
  events_.reset();
  output_.reset();
  log_.close();

  return {.exit_code = 0,
          .timed_out = timed_out,
          .hung = hung,
          .limit = hung ? launch_.silence_limit : launch_.time_limit,
          .tail = log_.tail()};
}

void Worker::signal(int number) {
  killed_ = true;
  ::kill(-pid_, number);
}

// By its stdin, which tells it from the first moment, whatever program it is.
bool is_worker_of(int pid, const std::string& journal) {
  struct stat in {
  }, job{};
  return ::stat(fmt::format("/proc/{}/fd/0", pid).c_str(), &in) == 0 &&
         ::stat(std::filesystem::path(journal).replace_extension(".json").c_str(), &job) == 0 &&
         in.st_dev == job.st_dev && in.st_ino == job.st_ino;
}

}  // namespace archsweep::runner
