#include "results/plot/marks.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "results/plot/lettering.h"

namespace archsweep::results {

std::string shape(Shape kind, double x, double y, double r) {
  switch (kind) {
    case Shape::circle:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\"", x, y, r);
    case Shape::square:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"",
                         x - 0.85 * r, y - 0.85 * r, 1.7 * r, 1.7 * r);
    case Shape::triangle:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l{:.1f} {:.1f}h{:.1f}z\"", x, y - r, r, 1.8 * r,
                         -2 * r);
    case Shape::diamond:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l{:.1f} {:.1f} {:.1f} {:.1f} {:.1f} {:.1f}z\"", x,
                         y - 1.2 * r, r, 1.2 * r, -r, 1.2 * r, -r, -1.2 * r);
  }
  return "";
}

std::string text(double x, double y, const std::string& classes, const std::string& words) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y, classes,
                     escape_xml(words));
}

const char* element_of(Shape kind) {
  return kind == Shape::circle ? "circle" : kind == Shape::square ? "rect" : "path";
}

std::string colour_class(const FamilyStyle& style) {
  return style.colour < 0 ? "cx" : fmt::format("c{}", style.colour);
}

MarkSizes mark_sizes(const Chart& chart, double text_size) {
  const auto points = chart.points.size();
  MarkSizes sizes{text_size * (points <= 60 ? 0.45 : points <= 300 ? 0.38 : 0.3), 0};
  for (const auto& point : chart.points)
    if (std::isfinite(point.size)) sizes.largest = std::max(sizes.largest, point.size);
  return sizes;
}

double MarkSizes::of(const Point& point) const {
  if (std::isfinite(point.size) && largest > 0) return of_size(point.size);
  return point.on_frontier ? 1.25 * ordinary : ordinary;
}

double MarkSizes::of_size(double size) const {
  return std::max(2.0, 2.6 * ordinary * std::sqrt(size / largest));
}

}  // namespace archsweep::results
