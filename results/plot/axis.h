#pragma once

// Ticks and positions along an axis. Pure arithmetic.

#include <string>
#include <vector>

namespace archsweep::results {

struct Tick {
  double value;
  std::string label;  // "" for a minor tick
};

class Axis {
 public:
  // From data to pixels; `from` and `to` are the pixel ends (to < from for an upward axis).
  // The range is widened a little so that no mark touches the frame.
  Axis(double least, double most, bool log, double from, double to);

  double operator()(double value) const;  // pixels
  // `unit` as Scale's. Of a log axis 1, 2 and 5 of each decade are labelled; of bytes, powers of 2.
  std::vector<Tick> ticks(const std::string& unit) const;

 private:
  std::vector<Tick> linear_ticks(const std::string& unit) const;
  std::vector<Tick> decade_ticks(const std::string& unit) const;
  std::vector<Tick> doubling_ticks(const std::string& unit) const;
  double value_at(double position) const;  // the inverse of log10, when log_

  double low_, high_;  // in log10 when log_
  bool log_, no_negatives_;
  double from_, to_;
};

// A value with its unit, three digits: "1.5 ms", "82.1 %", "24.3 M".
std::string with_unit(double value, const std::string& unit);

}  // namespace archsweep::results
