#include "runner/schedule/plan_report.h"

#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "runner/support/text.h"

namespace archsweep::runner {

void print_plan(const Standings& standings, const PlanLimits& limits) {
  const auto text = [](double value, auto&& show) {
    return std::isnan(value) ? std::string("?") : show(value);
  };
  const auto slots = static_cast<double>(limits.slots);
  double seconds = 0, all_checkpoints = 0, most = 0;
  std::size_t count = 0;
  for (const auto i : standings.waiting()) {
    const auto& spec = standings[i].trial.spec;
    const double own = standings.seconds_left(i), bytes = standings[i].forecast.checkpoint_bytes;
    ++count, seconds += own, all_checkpoints += bytes, most = std::fmax(most, bytes);
    fmt::print("{:>4}  {:<36} lr {:<8g} seed {:<3} {:>8}  {:>8} done\n", count, name_of(spec),
               spec.training.learning_rate, spec.training.seed, text(own, human_duration),
               text(seconds / slots, human_duration));
  }
  const double wall = seconds / slots;
  const bool limited = std::isfinite(limits.seconds);
  const double room = standings.checkpoints().limit();
  const double disk =
      limited || limits.early_stopping ? std::min(all_checkpoints, room) : most * slots;
  fmt::print("{} trials, {} on {} slot{}{}, done at {}; checkpoints up to {} of {} allowed\n",
             count, text(wall, human_duration), limits.slots, limits.slots == 1 ? "" : "s",
             limits.early_stopping ? " without early stopping" : "", text(wall, clock_in),
             text(disk, human_bytes), human_bytes(room));
  if (limited && wall > limits.seconds)
    fmt::print("there is time for {:.0f} % of it: {}\n", 100 * limits.seconds / wall,
               human_duration(limits.seconds));
  fmt::print("nothing was started\n");
}

}  // namespace archsweep::runner
