#include "runner/schedule/process_runner.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include <poll.h>
#include <sys/wait.h>

#include "runner/schedule/budget.h"

namespace archsweep::runner {
namespace {

constexpr int tick_milliseconds = 250;
// So many times the grace after a worker was killed, it is stuck in the kernel: a night does not
// wait for it, nor does the user who stopped it.
constexpr double patience = 12;

}  // namespace

ProcessRunner::ProcessRunner(std::filesystem::path program, double grace_seconds)
    : spawner_(std::move(program)), grace_(grace_seconds), enforced_at_(steady_seconds()) {}

int ProcessRunner::start(const Launch& launch) {
  auto worker = std::make_unique<Worker>(spawner_, launch);
  worker->heard_at = steady_seconds();
  if (launch.time_limit > 0) worker->term_at = steady_seconds() + launch.time_limit;
  workers_.push_back(std::move(worker));
  return workers_.back()->pid();
}

void ProcessRunner::stop(bool at_once) {
  for (auto& worker : workers_) {
    worker->signal(at_once ? SIGKILL : SIGTERM);
    if (worker->kill_at == 0) worker->kill_at = steady_seconds() + grace_;
  }
}

void ProcessRunner::enforce_limits() {
  const double time = steady_seconds(), passed = time - std::exchange(enforced_at_, time);
  for (auto& worker : workers_) {
    if (worker->term_at > 0 && !worker->spends_time()) worker->term_at += passed;
    if (worker->kill_at > 0) {
      if (time >= worker->kill_at) worker->signal(SIGKILL);
      continue;
    }
    const double silence = worker->launch().silence_limit;
    worker->timed_out = worker->term_at > 0 && time >= worker->term_at;
    worker->hung = silence > 0 && !worker->waits_for_others() && time >= worker->heard_at + silence;
    if (!worker->timed_out && !worker->hung) continue;
    worker->signal(SIGTERM);
    worker->kill_at = time + grace_;
  }
}

void ProcessRunner::poll_once() {
  std::vector<pollfd> fds{{signals_.fd(), POLLIN, 0}};
  for (const auto& worker : workers_) {  // poll ignores the -1 of a closed one
    fds.push_back({worker->events_fd(), POLLIN, 0});
    fds.push_back({worker->output_fd(), POLLIN, 0});
  }
  if (::poll(fds.data(), fds.size(), tick_milliseconds) > 0) {
    for (std::size_t i = 0; i < workers_.size(); ++i) {
      if (fds[1 + 2 * i].revents) {
        workers_[i]->read_events(ready_);
        workers_[i]->heard_at = steady_seconds();
      }
      if (fds[2 + 2 * i].revents) workers_[i]->read_output();
    }
  }
  for (const int number : signals_.take())
    if (number != SIGCHLD) ready_.push_back({0, Interrupted{}});
  enforce_limits();
  std::erase_if(workers_, [&](auto& worker) {
    if (!worker->reap(ready_)) {
      if (worker->kill_at == 0 || steady_seconds() < worker->kill_at + patience * grace_)
        return false;
      worker->give_up(ready_);
    }
    ended_groups_.push_back(worker->pid());
    return true;
  });
  // What a worker had started itself is killed with it, and ours to reap (spawner.h).
  std::erase_if(ended_groups_, [](int group) {
    int found;
    while ((found = ::waitpid(-group, nullptr, WNOHANG)) > 0) {
    }
    return found < 0 && errno == ECHILD;
  });
}

Happening ProcessRunner::next() {
  if (ready_.empty()) poll_once();
  if (ready_.empty()) return {0, Tick{}};
  Happening first = std::move(ready_.front());
  ready_.pop_front();
  return first;
}

}  // namespace archsweep::runner
