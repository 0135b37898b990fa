#include "runner/schedule/forecast.h"

#include <algorithm>
#include <ctime>

namespace archsweep::runner {

Forecast forecast(const TrialSpec& spec, const results::CandidateCost& cost, const Prepared& data,
                  const results::Reached& reached) {
  Forecast f{.latency = cost.latency,
             .step_seconds = cost.train_step_seconds,
             .checkpoint_bytes = cost.checkpoint_bytes,
             .train_memory_bytes = cost.train_memory_bytes};
  // Validation goes forward only: a third of the arithmetic.
  const double batch = spec.training.batch_size;
  f.epoch_seconds = cost.train_step_seconds *
                    (std::max(1.0, data.train_samples / batch) + data.valid_samples / batch / 3);
  if (!reached.top1.empty() && reached.seconds > 0)
    f.epoch_seconds = reached.seconds / static_cast<double>(reached.top1.size());
  const auto& m = spec.measurement;
  if (m.enabled)
    f.end_seconds = static_cast<double>(m.batch_sizes.size()) * (m.seconds + m.warmup_seconds);
  if (m.tta > 0)  // each view is a validation, and so is the image itself
    f.end_seconds += cost.train_step_seconds * (m.tta + 1) * data.valid_samples / batch / 3;
  return f;
}

std::string clock_in(double seconds) {
  const std::time_t now = std::time(nullptr), then = now + static_cast<std::time_t>(seconds);
  std::tm here{}, there{};
  ::localtime_r(&now, &here);
  ::localtime_r(&then, &there);
  char text[32];
  const bool today = here.tm_yday == there.tm_yday && here.tm_year == there.tm_year;
  std::strftime(text, sizeof text, today ? "%H:%M" : "%a %d %b %H:%M", &there);
  return text;
}

}  // namespace archsweep::runner
