#include "runner/trial/measure/sampling.h"

#include <algorithm>
#include <numeric>

#include "results/statistics.h"

namespace archsweep::runner {
namespace {

constexpr int least_warmup = 2;
constexpr std::size_t least_samples = 5, window_runs = 3, windows = 3;
constexpr double window_share = 0.1, tolerance = 0.03;

double sum(const std::vector<double>& parts) {
  return std::accumulate(parts.begin(), parts.end(), 0.0);
}

}  // namespace

bool WarmupRule::add(double seconds) {
  ++warmup_.runs;
  warmup_.seconds += seconds;
  window_seconds_ += seconds;
  window_.push_back(seconds);
  if (window_.size() >= window_runs && window_seconds_ >= window_share * most_seconds_) {
    medians_.push_back(results::median(window_));
    window_.clear();
    window_seconds_ = 0;
    if (medians_.size() >= windows) {
      const auto [least, most] = std::minmax_element(medians_.end() - windows, medians_.end());
      warmup_.stable = *most <= (1 + tolerance) * *least;
    }
  }
  return warmup_.runs >= least_warmup && (warmup_.stable || warmup_.seconds >= most_seconds_);
}

Samples take_samples(const TimedRun& run, const SamplingLimits& limits,
                     const std::function<void()>& between) {
  WarmupRule rule(limits.warmup_seconds);
  while (!rule.add(sum(run()))) {
  }
  between();
  Samples samples{rule.so_far(), {}};
  const auto most = std::max(static_cast<std::size_t>(limits.max_samples), least_samples);
  std::size_t taken = 0;
  for (double spent = 0; taken < least_samples || (taken < most && spent < limits.seconds);
       ++taken) {
    const auto parts = run();
    samples.parts.resize(parts.size());
    for (std::size_t i = 0; i < parts.size(); ++i) samples.parts[i].push_back(parts[i]);
    spent += sum(parts);
  }
  return samples;
}

}  // namespace archsweep::runner
