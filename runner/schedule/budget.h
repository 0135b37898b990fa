#pragma once

// The time that a run may take.

#include <ctime>
#include <functional>

#include "runner/config/config.h"

namespace archsweep::runner {

// Seconds from `now` to the next time that local clocks show so many minutes after midnight.
double seconds_until(int minutes_of_day, std::time_t now);

// What scheduler.budget and scheduler.until leave, the shorter of the two; infinity without them.
double allowed_seconds(const SchedulerConfig& config, std::time_t now);

// Seconds that only go forward: a clock that is set, or summer time, cannot end a night early.
double steady_seconds();

// The wall clock is asked once, to turn 07:00 into a duration; from there on the steady one counts.
class Budget {
 public:
  explicit Budget(double seconds, std::function<double()> clock = steady_seconds)
      : clock_(std::move(clock)), end_(clock_() + seconds) {}
  double left() const { return end_ - clock_(); }

 private:
  std::function<double()> clock_;
  double end_;
};

}  // namespace archsweep::runner
