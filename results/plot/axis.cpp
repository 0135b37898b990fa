#include "results/plot/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "runner/support/text.h"

namespace archsweep::results {
namespace {

std::string tick_label(double value, const std::string& unit, double step) {
  if (unit == "s") return human_seconds(value);
  if (unit == "B") return human_bytes(value);
  if (unit == "%")
    return fmt::format("{:.{}f} %", value * 100, step < 0.01 ? (step < 0.001 ? 2 : 1) : 0);
  return human_count(value);
}

}  // namespace

Axis::Axis(double least, double most, bool log, double from, double to)
    : low_(log ? std::log10(least) : least),
      high_(log ? std::log10(most) : most),
      log_(log),
      from_(from),
      to_(to) {
  const double smallest = log ? 0.3 : std::max(0.01, 0.02 * std::abs(high_));
  if (high_ - low_ < smallest) {
    const double middle = (low_ + high_) / 2;
    low_ = middle - smallest / 2, high_ = middle + smallest / 2;
  }
  const double margin = 0.06 * (high_ - low_);
  low_ -= margin, high_ += margin;
}

double Axis::operator()(double value) const {
  return from_ + ((log_ ? std::log10(value) : value) - low_) / (high_ - low_) * (to_ - from_);
}

std::vector<Tick> Axis::ticks(const std::string& unit) const {
  std::vector<Tick> all;
  if (log_) {
    // 1, 2 and 5 of each decade are labelled; only 1 where there are many decades.
    const bool many = high_ - low_ > 3;
    for (int decade = static_cast<int>(std::floor(low_));
         decade <= static_cast<int>(std::ceil(high_)); ++decade)
      for (int digit = 1; digit < 10; ++digit) {
        const double value = digit * std::pow(10.0, decade);
        if (std::log10(value) < low_ || std::log10(value) > high_) continue;
        const bool labelled = digit == 1 || (!many && (digit == 2 || digit == 5));
        all.push_back({value, labelled ? tick_label(value, unit, value) : ""});
      }
    // A range within one step of 1, 2, 5 would show one label or none.
    if (std::ranges::count_if(all, [](const Tick& t) { return !t.label.empty(); }) < 2)
      for (auto& tick : all) tick.label = tick_label(tick.value, unit, tick.value);
    return all;
  }
  const double rough = (high_ - low_) / 6;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  const double step = power * (rough / power < 1.5   ? 1
                               : rough / power < 3.5 ? 2
                               : rough / power < 7.5 ? 5
                                                     : 10);
  for (double value = std::ceil(low_ / step) * step; value <= high_; value += step)
    all.push_back({value, tick_label(value, unit, step)});
  return all;
}

}  // namespace archsweep::results
