#include "results/plot/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace archsweep::results {
namespace {

struct Step {
  double scale;
  const char* name;
};

// The unit that a person would say a number in, from small to large.
std::vector<Step> steps(const std::string& unit) {
  if (unit == "s") return {{1e-6, " µs"}, {1e-3, " ms"}, {1, " s"}};
  if (unit == "epoch") return {{1, ""}};
  if (unit == "h") return {{1, " h"}};
  if (unit == "%") return {{0.01, " %"}};
  if (unit == "B")
    return {{1, " B"}, {0x1p10, " KiB"}, {0x1p20, " MiB"}, {0x1p30, " GiB"}, {0x1p40, " TiB"}};
  if (unit == "1/s") return {{1, "/s"}, {1e3, " k/s"}, {1e6, " M/s"}};
  return {{1, ""}, {1e3, " k"}, {1e6, " M"}, {1e9, " G"}, {1e12, " T"}};
}

Step step_for(double value, const std::string& unit) {
  const auto all = steps(unit);
  Step best = all.front();
  for (const auto& step : all)
    if (std::abs(value) >= step.scale * 0.9995) best = step;
  return best;
}

// 1, 2 or 5 times a power of ten: about a sixth of the range.
double nice_step(double range) {
  const double rough = range / 6, power = std::pow(10.0, std::floor(std::log10(rough)));
  const double digit = rough / power;
  return power * (digit < 1.5 ? 1 : digit < 3.5 ? 2 : digit < 7.5 ? 5 : 10);
}

}  // namespace

std::string with_unit(double value, const std::string& unit) {
  if (value == 0) return "0";
  const auto step = step_for(value, unit);
  const double shown = value / step.scale;
  // Three digits, but never an exponent for what can be written out.
  return (std::abs(shown) >= 999.5 ? fmt::format("{:.0f}", shown) : fmt::format("{:.3g}", shown)) +
         step.name;
}

Axis::Axis(double least, double most, bool log, double from, double to)
    : low_(log ? std::log10(least) : least),
      high_(log ? std::log10(most) : most),
      log_(log),
      no_negatives_(least >= 0),
      from_(from),
      to_(to) {
  // One value alone still makes an axis.
  const double smallest = log ? 0.3 : high_ == 0 ? 0.02 : 0.02 * std::abs(high_);
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

double Axis::value_at(double position) const {
  return log_ ? std::pow(10.0, position) : position;
}

std::vector<Tick> Axis::linear_ticks(const std::string& unit) const {
  const double low = value_at(low_), high = value_at(high_);
  const auto scale = step_for(std::max(std::abs(low), std::abs(high)), unit);
  const double nice = nice_step((high - low) / scale.scale);
  const double step = unit == "epoch" ? std::max(1.0, nice) : nice;
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  std::vector<Tick> all;
  for (double i = std::ceil(low / scale.scale / step); i * step * scale.scale <= high; ++i) {
    const double shown = i * step, value = shown * scale.scale;
    if ((no_negatives_ && value < 0) || (unit == "%" && value > 1 + 1e-9)) continue;
    all.push_back({value, fmt::format("{:.{}f}{}", shown + 0.0, decimals, scale.name)});
  }
  return all;
}

std::vector<Tick> Axis::decade_ticks(const std::string& unit) const {
  const bool many = high_ - low_ > 3;
  std::vector<Tick> all;
  for (int decade = static_cast<int>(std::floor(low_)); decade <= std::ceil(high_); ++decade)
    for (int digit = 1; digit < 10; ++digit) {
      const double value = digit * std::pow(10.0, decade);
      if (std::log10(value) < low_ || std::log10(value) > high_) continue;
      const bool labelled = digit == 1 || (!many && (digit == 2 || digit == 5));
      all.push_back({value, labelled ? with_unit(value, unit) : ""});
    }
  return all;
}

std::vector<Tick> Axis::doubling_ticks(const std::string& unit) const {
  const int first = static_cast<int>(std::ceil(std::log2(value_at(low_))));
  const int last = static_cast<int>(std::floor(std::log2(value_at(high_))));
  const int every = std::max(1, (last - first) / 8 + 1);
  std::vector<Tick> all;
  for (int power = first; power <= last; ++power)
    all.push_back({std::exp2(power), power % every == 0 ? with_unit(std::exp2(power), unit) : ""});
  return all;
}

std::vector<Tick> Axis::ticks(const std::string& unit) const {
  if (!log_) return linear_ticks(unit);
  auto all = unit == "B" ? doubling_ticks(unit) : decade_ticks(unit);
  // A range within one step of 1, 2, 5 would show one label or none.
  const auto labelled = std::ranges::count_if(all, [](const Tick& t) { return !t.label.empty(); });
  return labelled < 3 ? linear_ticks(unit) : all;
}

}  // namespace archsweep::results
