#pragma once

// A TrialRunner without processes: every worker follows a script, and what would happen on its own
// time happens in a fixed order instead.

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <stdexcept>
#include <utility>
#include <vector>

#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

using What = decltype(Happening::what);
using Script = std::vector<What>;

class FakeRunner final : public TrialRunner {
 public:
  // What the worker of a launch does; its last is an Ended.
  std::function<Script(const Launch&)> script;

  std::vector<Launch> started;
  std::vector<bool> stops;  // the `at_once` of each
  std::size_t most_running = 0;
  std::vector<std::size_t> beside;  // how many ran when each was started
  int first_pid = 100;
  int idle_ticks = 0;  // that may still come while nothing runs

  int start(const Launch& launch) override {
    const int pid = first_pid + static_cast<int>(started.size());
    const auto happenings = script(launch);
    started.push_back(launch);
    beside.push_back(running_.size());
    running_[pid] = {happenings.begin(), happenings.end()};
    most_running = std::max(most_running, running_.size());
    return pid;
  }

  // Workers take turns, so that two that run at once are truly mixed.
  Happening next() override {
    if (running_.empty() && idle_ticks-- > 0) {
      Happening tick;
      tick.what.emplace<Tick>();
      return tick;
    }
    if (running_.empty()) throw std::logic_error("waits, but no worker runs");
    auto turn = running_.upper_bound(last_);
    if (turn == running_.end()) turn = running_.begin();
    auto& [pid, left] = *turn;
    last_ = pid;
    if (left.empty()) throw std::logic_error("a script without an Ended");
    Happening happening{pid, std::move(left.front())};
    left.pop_front();
    if (std::holds_alternative<Ended>(happening.what)) running_.erase(turn);
    // What comes from no worker has no pid.
    if (std::holds_alternative<Tick>(happening.what) ||
        std::holds_alternative<Interrupted>(happening.what))
      happening.pid = 0;
    return happening;
  }

  void stop(bool at_once) override {
    stops.push_back(at_once);
    for (auto& [pid, left] : running_) {
      // One that has said its last word ends by itself; the others are cut short.
      if (left.size() == 1) continue;
      const bool deaf = !at_once && std::holds_alternative<Interrupted>(left.front());
      if (!deaf) left = {Ended{.signal = at_once ? 9 : 15, .tail = "stopped"}};
    }
  }

  std::vector<std::string> trained() const {
    std::vector<std::string> names;
    for (const auto& launch : started)
      if (launch.job.kind == "train") names.push_back(launch.job.spec.architecture);
    return names;
  }

 private:
  std::map<int, std::deque<What>> running_;
  int last_ = 0;
};

}  // namespace archsweep::runner
