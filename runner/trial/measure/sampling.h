#pragma once

// When what is timed has warmed up, and how its samples are taken. No clock and no LibTorch: what
// is timed tells its own seconds.

#include <functional>
#include <vector>

namespace archsweep::runner {

struct Warmup {
  int runs = 0;
  double seconds = 0;
  bool stable = false;  // false: its time was over first
};

// Stable: the medians of the last three windows of runs lie within 3 % of each other. A window is a
// tenth of the time that warming up may take, and three runs at least.
class WarmupRule {
 public:
  explicit WarmupRule(double most_seconds) : most_seconds_(most_seconds) {}

  // The seconds of one more run. True: enough, stable or not; two runs are the least.
  bool add(double seconds);
  const Warmup& so_far() const { return warmup_; }

 private:
  double most_seconds_;
  Warmup warmup_;
  std::vector<double> window_, medians_;
  double window_seconds_ = 0;
};

// Runs once; the seconds of its parts, such as forward and backward.
using TimedRun = std::function<std::vector<double>()>;

struct Samples {
  Warmup warmup;
  std::vector<std::vector<double>> parts;  // of each part, every timed run in order
};

struct SamplingLimits {
  double seconds = 1;           // of timed runs
  double warmup_seconds = 0.3;  // at most
  int max_samples = 1000;
};

// Something slow gets five samples at least, whatever the time given. `between` is called once,
// when it is warm.
Samples take_samples(
    const TimedRun& run, const SamplingLimits& limits,
    const std::function<void()>& between = [] {});

}  // namespace archsweep::runner
