#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "results/plot/axis.h"
#include "results/plot/chart.h"
#include "results/plot/labels.h"

namespace archsweep::results {
namespace {

// Okabe and Ito's colours, told apart by colour-blind readers too; a second round of families gets
// another shape.
constexpr const char* colours[] = {"#0072B2", "#D55E00", "#009E73", "#CC79A7",
                                   "#E69F00", "#56B4E9", "#7A5195", "#8C6D31"};

std::string escape(const std::string& text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  return out;
}

// Of DejaVu Sans, on the wide side: a name that is thought wider than it is never overlaps.
double text_width(const std::string& text, double size) {
  return 0.62 * size * static_cast<double>(text.size());
}

std::string mark(double x, double y, double radius, std::size_t family, bool strong) {
  const auto* colour = colours[family % std::size(colours)];
  const auto style =
      fmt::format("fill=\"{}\" fill-opacity=\"{}\" class=\"mark\"", colour, strong ? 1.0 : 0.55);
  switch (family / std::size(colours) % 3) {
    case 0:
      return fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" {}>", x, y, radius,
                         style);
    case 1:
      return fmt::format("<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" {}>",
                         x - radius, y - radius, 2 * radius, 2 * radius, style);
    default:
      return fmt::format("<path d=\"M{:.1f} {:.1f}l{:.1f} {:.1f}h{:.1f}z\" {}>", x, y - radius,
                         radius, 2 * radius, -2 * radius, style);
  }
}

constexpr const char* mark_end[] = {"</circle>", "</rect>", "</path>"};

constexpr const char* style = R"(<style>
text{font-family:'DejaVu Sans',Verdana,sans-serif;fill:#222}
.paper{fill:#fff}.grid{stroke:#e4e4e4}.minor{stroke:#f3f3f3}.frame{stroke:#999;fill:none}
.frontier{fill:none;stroke:#333;stroke-width:1.6;stroke-dasharray:6 4}
.leader{stroke:#888;stroke-width:.8}.quiet{fill:#666}.mark{stroke:#fff;stroke-width:1}
.strong{font-weight:bold}
@media (prefers-color-scheme:dark){text{fill:#e8e8e8}.paper{fill:#16181c}.grid{stroke:#33363c}
.minor{stroke:#24272c}.frame{stroke:#777}.frontier{stroke:#ddd}.quiet{fill:#a0a0a0}.mark{stroke:#16181c}}
</style>
)";

}  // namespace

void mark_frontier(Chart& chart) {
  std::vector<Point*> order;
  for (auto& point : chart.points) order.push_back(&point);
  const double sign = chart.higher_is_better ? 1 : -1;
  std::ranges::sort(order, [&](const Point* a, const Point* b) {
    return a->x != b->x ? a->x < b->x : sign * a->y > sign * b->y;
  });
  double best = -INFINITY, best_x = -INFINITY;
  for (auto* point : order) {
    const double quality = sign * point->y;
    // Equal in both is not beaten: both stay.
    point->on_frontier = quality > best || (quality == best && point->x == best_x);
    if (quality > best) best = quality, best_x = point->x;
  }
}

std::string to_svg(const Chart& chart, int width) {
  const double w = std::max(width, 500), h = std::round(0.64 * w);
  const double size = std::clamp(w / 80, 10.0, 14.0);  // of the text
  std::map<std::string, std::size_t> families;
  for (const auto& point : chart.points) families.emplace(point.family, 0);
  std::size_t next = 0, longest = 0;
  for (auto& [name, index] : families) index = next++, longest = std::max(longest, name.size());

  const double legend = families.empty() ? 10 : text_width(std::string(longest, 'm'), size) + 40;
  const Box area{6.5 * size, 4.6 * size, w - legend, h - 4.2 * size};
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 "
      "0 {0:.0f} {1:.0f}\" "
      "font-size=\"{2:.1f}\" role=\"img\">\n<title>{3}</title>\n",
      w, h, size, escape(chart.title));
  out += style;
  out += fmt::format("<rect class=\"paper\" width=\"{:.0f}\" height=\"{:.0f}\"/>\n", w, h);
  out += fmt::format(
      "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{:.1f}\" class=\"strong\">{}</text>\n",
      area.left, 1.9 * size, 1.35 * size, escape(chart.title));
  out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"quiet\">{}</text>\n", area.left,
                     3.5 * size, escape(chart.subtitle));
  if (chart.points.empty())
    return out + fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">no finished trials</text>\n</svg>\n",
                             area.left, (area.top + area.bottom) / 2);

  const auto [x_min, x_max] = std::ranges::minmax(chart.points, {}, &Point::x);
  const auto [y_min, y_max] = std::ranges::minmax(chart.points, {}, &Point::y);
  const Axis x_axis(x_min.x, x_max.x, /*log=*/true, area.left, area.right);
  const Axis y_axis(y_min.y, y_max.y, /*log=*/false, area.bottom, area.top);
  for (const auto& tick : x_axis.ticks(chart.x_unit)) {
    const double x = x_axis(tick.value);
    out += fmt::format(
        "<line class=\"{}\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
        tick.label.empty() ? "minor" : "grid", x, x, area.top, area.bottom);
    if (!tick.label.empty())
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", x,
                         area.bottom + 1.5 * size, escape(tick.label));
  }
  for (const auto& tick : y_axis.ticks(chart.y_is_share ? "%" : "")) {
    const double y = y_axis(tick.value);
    out += fmt::format(
        "<line class=\"grid\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
        area.left, area.right, y, y);
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
                       area.left - 0.5 * size, y + 0.35 * size, escape(tick.label));
  }
  out += fmt::format(
      "<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n",
      area.left, area.top, area.right - area.left, area.bottom - area.top);
  out +=
      fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{} (log scale)</text>\n",
                  (area.left + area.right) / 2, h - 0.9 * size, escape(chart.x_label));
  out += fmt::format(
      "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      1.3 * size, (area.top + area.bottom) / 2, escape(chart.y_label));

  // Marks, the ones that matter last; the frontier under them.
  std::vector<const Point*> order;
  for (const auto& point : chart.points) order.push_back(&point);
  std::ranges::stable_sort(order, {}, [](const Point* p) { return p->on_frontier; });
  std::vector<const Point*> front;
  for (const auto* point : order)
    if (point->on_frontier) front.push_back(point);
  std::ranges::sort(front, {}, &Point::x);
  std::string line;
  for (const auto* point : front)
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", x_axis(point->x),
                        y_axis(point->y));
  out += fmt::format("<path class=\"frontier\" d=\"{}\"/>\n", line);

  const double radius = 0.45 * size;
  std::vector<Box> obstacles;
  for (std::size_t i = 1; i < front.size(); ++i) {
    const double x0 = x_axis(front[i - 1]->x), y0 = y_axis(front[i - 1]->y);
    const double dx = x_axis(front[i]->x) - x0, dy = y_axis(front[i]->y) - y0;
    const int steps = 1 + static_cast<int>(std::hypot(dx, dy) / 3);
    for (int step = 0; step <= steps; ++step) {
      const double x = x0 + dx * step / steps, y = y0 + dy * step / steps;
      obstacles.push_back({x - 1, y - 1, x + 1, y + 1});
    }
  }
  for (const auto* point : order) {
    const double x = x_axis(point->x), y = y_axis(point->y),
                 r = point->on_frontier ? 1.2 * radius : radius;
    const auto family = families[point->family];
    std::string hover = point->name;
    for (const auto& [key, value] : point->details) hover += fmt::format("\n{}: {}", key, value);
    out += mark(x, y, r, family, point->on_frontier) +
           fmt::format("<title>{}</title>", escape(hover)) +
           mark_end[family / std::size(colours) % 3] + "\n";
    obstacles.push_back({x - r, y - r, x + r, y + r});
  }

  // Names: the frontier's, then the best of each architecture, best first.
  const double sign = chart.higher_is_better ? 1 : -1;
  std::vector<const Point*> named(order);
  std::ranges::stable_sort(named, [&](const Point* a, const Point* b) {
    return a->on_frontier != b->on_frontier ? a->on_frontier : sign * a->y > sign * b->y;
  });
  std::vector<const Point*> once;
  for (const auto* point : named)
    if (point->on_frontier ||
        std::ranges::none_of(once, [&](const Point* p) { return p->name == point->name; }))
      once.push_back(point);
  std::vector<LabelRequest> requests;
  for (const auto* point : once)
    requests.push_back({x_axis(point->x), y_axis(point->y), 1.2 * radius,
                        text_width(point->name, point->on_frontier ? 1.1 * size : 0.9 * size),
                        1.15 * size, point->on_frontier});
  const auto places = place_labels(requests, obstacles, area);
  for (std::size_t i = 0; i < once.size(); ++i) {
    if (!places[i]) continue;
    const auto& box = places[i]->box;
    const double cx = (box.left + box.right) / 2;
    if (places[i]->line)
      out += fmt::format(
          "<line class=\"leader\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>\n",
          requests[i].x, requests[i].y, std::clamp(requests[i].x, box.left, box.right),
          std::clamp(requests[i].y, box.top, box.bottom));
    out += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" font-size=\"{:.1f}\" "
        "class=\"{}\">{}</text>\n",
        cx, box.bottom - 0.25 * size, once[i]->on_frontier ? size : 0.9 * size,
        once[i]->on_frontier ? "strong" : "quiet", escape(once[i]->name));
  }

  double y = area.top + size;
  for (const auto& [name, index] : families) {
    const double x = area.right + 16;
    out += mark(x, y, radius, index, true) + mark_end[index / std::size(colours) % 3];
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", x + size, y + 0.35 * size,
                       escape(name));
    y += 1.6 * size;
  }
  return out + "</svg>\n";
}

}  // namespace archsweep::results
