#include "runner/trial/measure/timing.h"

#include <algorithm>
#include <chrono>

#include "runner/trial/device.h"

namespace archsweep::runner {

results::Measurement time_forward(const std::function<torch::Tensor(const torch::Tensor&)>& forward,
                                  const torch::Tensor& batch, const MeasurementSpec& spec) {
  using Clock = std::chrono::steady_clock;
  const auto seconds_since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const auto run = [&] {
    const auto start = Clock::now();
    forward(batch);
    synchronize(batch.device());
    return seconds_since(start);
  };
  // A slow network gets at least these many, whatever the time given.
  constexpr int least_warmup = 2, least_samples = 5;
  auto start = Clock::now();
  for (int i = 0; i < least_warmup || seconds_since(start) < spec.warmup_seconds; ++i) run();

  results::Measurement m;
  m.batch_size = static_cast<int>(batch.size(0));
  m.kind = m.batch_size == 1 ? "latency" : "throughput";
  m.image_size = static_cast<int>(batch.size(2));
  m.protocol = timing_protocol;
  const auto most = static_cast<std::size_t>(std::max(spec.max_samples, least_samples));
  start = Clock::now();
  while (m.seconds.size() < least_samples ||
         (m.seconds.size() < most && seconds_since(start) < spec.seconds))
    m.seconds.push_back(run());
  return m;
}

}  // namespace archsweep::runner
