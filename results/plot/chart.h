#pragma once

// A picture of trials: cost on a log axis, quality on the other, one colour a family, the frontier
// drawn. Pure functions from points to text; where the points come from is not their business.

#include <string>
#include <utility>
#include <vector>

namespace archsweep::results {

struct Point {
  double x = 0, y = 0;  // finite, x > 0
  std::string name;     // of the architecture
  std::string family;
  bool on_frontier = false;
  // What the HTML shows of the trial: metric or setting, and its value as text.
  std::vector<std::pair<std::string, std::string>> details;
};

struct Chart {
  std::string title, subtitle;
  std::string x_label = "seconds per sample";
  std::string y_label = "top-1 accuracy";
  std::string x_unit = "s";      // "s" ticks read 1 ms; "B" 1 MiB; "" plain counts
  bool y_is_share = true;        // ticks as percentages
  bool higher_is_better = true;  // of y; of x, lower is better
  std::vector<Point> points;
};

// Sets on_frontier: no other point is at least as good on both axes and better on one.
void mark_frontier(Chart& chart);

// Stand-alone SVG. Readable at `width` pixels from 500 up; the height follows.
std::string to_svg(const Chart& chart, int width = 1000);

// One file with everything in it; `plotly` is the text of plotly.min.js.
std::string to_html(const Chart& chart, const std::string& plotly);

}  // namespace archsweep::results
