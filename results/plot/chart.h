#pragma once

// A picture as plain values: two axes, marks and lines; and the pure functions that turn it into
// text. Where the numbers come from is not their business.

#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "results/metric.h"
#include "results/trial.h"

namespace archsweep::results {

// What stands along one axis.
struct Scale {
  std::string label = "seconds per sample";
  std::string unit = "s";  // as Metric::unit, or "h" for hours, "epoch" for whole numbers
  Better better = Better::lower;
  bool log = false;  // all values > 0
};

struct Point {
  double x = 0, y = 0;                                 // finite
  double x_low = not_measured, x_high = not_measured;  // 95 % interval, NaN where not known
  double y_low = not_measured, y_high = not_measured;
  std::string name;            // written beside the mark
  std::string family;          // colours the mark; "": ink, and no entry in the legend
  double size = not_measured;  // the mark's area is in proportion; NaN: all alike
  bool on_frontier = false;
  double probability = not_measured;  // of being on the frontier
  int group = 0;                      // as Standing::group
  bool hollow = false;                // of the sweep before, where two are compared
  // For the page alone: the row of Chart::metrics' values, and what they may be compared within.
  std::string full_name;
  std::vector<double> values;
  std::vector<std::int64_t> trials;
  std::string speed_key, accuracy_key;
};

struct Line {
  std::vector<std::pair<double, double>> points;
  std::string family;  // as Point's
  std::string name;    // written at its end; "": nothing
  enum class Style { solid, faint, dashed, arrow } style = Style::solid;
};

// What the page shows of a trial when its point is clicked.
struct TrialDetails {
  std::int64_t trial = 0;
  std::vector<std::pair<std::string, std::string>> settings;
  std::string spec;              // JSON
  std::vector<Epoch> epochs;     // none: not trained here, or left out
  bool epochs_left_out = false;  // they would have made the file too large
};

struct Chart {
  std::string title, subtitle;
  std::string note;  // under the picture
  Scale x;
  Scale y{.label = "top-1 accuracy", .unit = "%", .better = Better::higher};
  std::vector<Point> points;
  std::vector<Line> lines;
  bool draw_frontier = true;  // through the points that are on it
  std::string size_label;     // what Point::size is
  bool size_squared = false;  // Point::size is the square of that
  // For the page alone.
  std::vector<Metric> metrics;  // the axes to choose from
  std::string x_metric, y_metric;
  std::vector<TrialDetails> trials;
};

// A metric's words for an axis: "seconds per sample".
std::string axis_label(const Metric& metric);

// Sets on_frontier: no other point is at least as good on both axes and better on one.
void mark_frontier(Chart& chart);

// A line a family, fitted by least squares in the axes' own terms (log where an axis is): a family
// with an entry of its own in the legend and three points, not all at one x.
void add_trends(Chart& chart);

enum class Theme { light, dark, automatic };  // automatic: as the reader's browser is set

// Stand-alone SVG. Readable at `width` pixels from 500 up; the height follows.
std::string to_svg(const Chart& chart, int width = 1000, Theme theme = Theme::automatic);

// One file with everything in it; `plotly` is the text of plotly.min.js.
std::string to_html(const Chart& chart, const std::string& plotly, Theme theme = Theme::automatic);

}  // namespace archsweep::results
