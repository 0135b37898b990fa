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
  // `unit` as Chart's x_unit, or "%" for shares.
  std::vector<Tick> ticks(const std::string& unit) const;

 private:
  double low_, high_;  // in log10 when log_
  bool log_;
  double from_, to_;
};

}  // namespace archsweep::results
