#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "results/plot/chart.h"
#include "results/plot/frame.h"
#include "results/plot/labels.h"
#include "results/plot/legend.h"
#include "results/plot/lettering.h"
#include "results/plot/marks.h"
#include "results/plot/palette.h"

namespace archsweep::results {
namespace {

constexpr std::size_t few = 60;    // points that can all be named
constexpr std::size_t many = 150;  // points from which on only those that matter have whiskers

// One picture while it is drawn: what is drawn later lies above what was drawn before.
struct Drawing {
  const Chart& chart;
  Frame frame;
  std::map<std::string, FamilyStyle> styles;
  MarkSizes sizes;
  std::string out;
  std::vector<Box> obstacles, soft;  // to the names: soft ones are crossed if need be

  // Names keep clear of the stroke from one pixel to another.
  void keep_clear(double x0, double y0, double x1, double y1) {
    const int steps = 1 + static_cast<int>(std::hypot(x1 - x0, y1 - y0) / 3);
    for (int step = 0; step <= steps; ++step) {
      const double x = x0 + (x1 - x0) * step / steps, y = y0 + (y1 - y0) * step / steps;
      soft.push_back({x - 1, y - 1, x + 1, y + 1});
    }
  }
  std::string colour(const std::string& family) const {
    const auto style = styles.find(family);
    if (style == styles.end()) return "ck";
    return colour_class(style->second);
  }
};

void draw_line(Drawing& d, const Line& line) {
  std::string path;
  for (std::size_t i = 0; i < line.points.size(); ++i) {
    const double x = d.frame.x(line.points[i].first), y = d.frame.y(line.points[i].second);
    path += fmt::format("{}{:.1f} {:.1f}", i ? "L" : "M", x, y);
    if (i > 0)
      d.keep_clear(d.frame.x(line.points[i - 1].first), d.frame.y(line.points[i - 1].second), x, y);
  }
  const auto extra = line.style == Line::Style::dashed  ? " stroke-dasharray=\"2 3\""
                     : line.style == Line::Style::faint ? " stroke-opacity=\".35\""
                     : line.style == Line::Style::arrow ? " stroke-opacity=\".6\""
                                                        : "";
  d.out += fmt::format("<path class=\"l {}\" d=\"{}\"{}/>\n", d.colour(line.family), path, extra);
  if (line.style != Line::Style::arrow) return;
  const auto& [x0, y0] = line.points.front();
  const auto& [x1, y1] = line.points.back();
  const double x = d.frame.x(x1), y = d.frame.y(y1);
  const double dx = x - d.frame.x(x0), dy = y - d.frame.y(y0), length = std::hypot(dx, dy);
  // The head ends at the mark's edge.
  const double head = 0.9 * d.frame.size, start = d.sizes.ordinary + 1;
  if (length < start + head) return;
  const double ux = dx / length, uy = dy / length;
  d.out += fmt::format(
      "<path class=\"a {}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}L{:.1f} {:.1f}z\"/>\n",
      d.colour(line.family), x - ux * start, y - uy * start,
      x - ux * (start + head) - uy * 0.35 * head, y - uy * (start + head) + ux * 0.35 * head,
      x - ux * (start + head) + uy * 0.35 * head, y - uy * (start + head) - ux * 0.35 * head);
}

// The frontier, and names keep clear of it.
void draw_frontier(Drawing& d) {
  std::vector<const Point*> front;
  for (const auto& point : d.chart.points)
    if (point.on_frontier && !point.hollow) front.push_back(&point);
  std::ranges::sort(front, {}, [](const Point* p) { return std::pair(p->x, p->y); });
  std::string path;
  for (std::size_t i = 0; i < front.size(); ++i) {
    const double x = d.frame.x(front[i]->x), y = d.frame.y(front[i]->y);
    path += fmt::format("{}{:.1f} {:.1f}", i ? "L" : "M", x, y);
    if (i == 0) continue;
    const double x0 = d.frame.x(front[i - 1]->x), y0 = d.frame.y(front[i - 1]->y);
    d.keep_clear(x0, y0, x, y);
  }
  if (front.size() > 1) d.out += fmt::format("<path class=\"front\" d=\"{}\"/>\n", path);
}

// Members of a group are joined to the frontier's point that they cannot be told from.
void draw_groups(Drawing& d) {
  if (d.chart.points.size() > many) return;
  for (const auto& p : d.chart.points) {
    if (p.on_frontier || p.group == 0) continue;
    const auto leader = std::ranges::find_if(d.chart.points, [&](const Point& other) {
      return other.on_frontier && other.group == p.group;
    });
    if (leader != d.chart.points.end())
      d.out +=
          fmt::format("<path class=\"join\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n", d.frame.x(p.x),
                      d.frame.y(p.y), d.frame.x(leader->x), d.frame.y(leader->y));
  }
}

void draw_whiskers(Drawing& d, const Point& p) {
  if (d.chart.points.size() > many && !p.on_frontier) return;
  const auto& f = d.frame;
  const auto whisker = [&](double x0, double y0, double x1, double y1) {
    d.out += fmt::format("<path class=\"e {}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n",
                         d.colour(p.family), x0, y0, x1, y1);
    d.keep_clear(x0, y0, x1, y1);
  };
  if (p.x_low < p.x_high && (!d.chart.x.log || p.x_low > 0))
    whisker(f.x(p.x_low), f.y(p.y), f.x(p.x_high), f.y(p.y));
  if (p.y_low < p.y_high && (!d.chart.y.log || p.y_low > 0))
    whisker(f.x(p.x), f.y(p.y_low), f.x(p.x), f.y(p.y_high));
}

void draw_mark(Drawing& d, const Point& p) {
  const double x = d.frame.x(p.x), y = d.frame.y(p.y), r = d.sizes.of(p);
  const auto style = d.styles.find(p.family);
  const auto form = style == d.styles.end() ? Shape::circle : style->second.shape;
  const auto* kind = p.hollow ? "h" : p.on_frontier ? "m" : p.group > 0 ? "u" : "m d";
  d.out +=
      shape(form, x, y, r) +
      fmt::format(" class=\"{} {}\"><title>{}\n{}, {}</title></{}>\n", kind, d.colour(p.family),
                  escape_xml(p.full_name.empty() ? p.name : p.full_name),
                  with_unit(p.x, d.chart.x.unit), with_unit(p.y, d.chart.y.unit), element_of(form));
  d.obstacles.push_back({x - r, y - r, x + r, y + r});
}

void draw_marks(Drawing& d) {
  std::vector<const Point*> order;
  for (const auto& point : d.chart.points) order.push_back(&point);
  // The ones that matter last; of bubbles the small ones above the large.
  std::ranges::stable_sort(order, {}, [](const Point* p) {
    return std::tuple(!p->hollow, p->on_frontier, p->group > 0,
                      std::isfinite(p->size) ? -p->size : 0.0);
  });
  for (const auto* point : order) draw_whiskers(d, *point);
  for (const auto* point : order) draw_mark(d, *point);
}

// Names: the frontier's, then, where there are few points, the best of each architecture.
std::vector<const Point*> points_to_name(const Chart& chart) {
  const double sign = chart.y.better == Better::lower ? -1 : 1;
  std::vector<const Point*> order;
  for (const auto& point : chart.points)
    if (!point.hollow && !point.name.empty()) order.push_back(&point);
  std::ranges::stable_sort(order, {}, [&](const Point* p) {
    return std::tuple(!p->on_frontier, p->group == 0, -sign * p->y);
  });
  std::set<std::string> named;
  std::erase_if(order, [&](const Point* p) {
    return (chart.points.size() > few && !p->on_frontier) || !named.insert(p->name).second;
  });
  return order;
}

struct Name {
  const Point* point;
  std::string words;
  double size;  // of the letters
  bool strong;
  LabelRequest request;
  std::optional<LabelPlace> place;
};

// The frontier's in large bold letters, or small as all others.
std::vector<Name> place_names(const Drawing& d, bool large) {
  std::vector<Name> names;
  std::vector<LabelRequest> requests;
  for (const auto* p : points_to_name(d.chart)) {
    const bool strong = large && p->on_frontier;
    const double size = (strong ? 1 : 0.88) * d.frame.size;
    auto words = shorten(p->name, 0.3 * d.frame.width, size, strong);
    requests.push_back({d.frame.x(p->x), d.frame.y(p->y), d.sizes.of(*p),
                        text_width(words, size, strong), 1.1 * size,
                        p->on_frontier || p->family.empty()});
    names.push_back({p, std::move(words), size, strong, requests.back(), std::nullopt});
  }
  const auto places = place_labels(requests, d.obstacles, d.soft, d.frame.area);
  for (std::size_t i = 0; i < names.size(); ++i) names[i].place = places[i];
  return names;
}

std::size_t missing(const std::vector<Name>& names) {
  return static_cast<std::size_t>(std::ranges::count_if(
      names, [](const Name& name) { return name.request.must && !name.place; }));
}

void draw_names(Drawing& d) {
  auto names = place_names(d, /*large=*/true);
  if (missing(names) > 0)
    if (auto small = place_names(d, /*large=*/false); missing(small) < missing(names))
      names = std::move(small);
  for (const auto& [point, words, size, strong, request, place] : names) {
    if (!place || !place->line) continue;
    // From the mark's edge.
    const double dx = place->line_x - request.x, dy = place->line_y - request.y;
    const double start = request.radius / std::hypot(dx, dy);
    d.out +=
        fmt::format("<path class=\"lead\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}\"/>\n",
                    request.x + start * dx, request.y + start * dy, place->line_x, place->line_y);
  }
  for (const auto& [point, words, size, strong, request, place] : names)
    if (place)
      d.out += fmt::format(
          "<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\" font-size=\"{:.1f}\" "
          "class=\"n{}\">{}</text>\n",
          (place->box.left + place->box.right) / 2, place->box.bottom - 0.25 * size, size,
          strong               ? " b"
          : point->on_frontier ? ""
                               : " q",
          escape_xml(words));
}

// Right of the area, a stroke in the line's colour from its end to its name.
void draw_line_names(Drawing& d) {
  const auto lines = named_lines(d.chart);
  std::vector<double> ends;
  for (const auto* line : lines) ends.push_back(d.frame.y(line->points.back().second));
  const auto& area = d.frame.area;
  const double size = d.frame.size;
  const auto heights = spread(ends, 1.25 * size, area.top, area.bottom);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const double x = d.frame.x(lines[i]->points.back().first);
    d.out += fmt::format(
        "<path class=\"l {}\" style=\"stroke-width:1\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}H{:.1f}\"/>"
        "\n",
        d.colour(lines[i]->family), x, ends[i], area.right + 0.6 * size, heights[i],
        area.right + 1.2 * size);
    d.out += text(area.right + 1.5 * size, heights[i] + 0.35 * size, "",
                  shorten(lines[i]->name, d.frame.width - area.right - 2 * size, size));
  }
}

}  // namespace

std::string to_svg(const Chart& chart, int width, Theme theme) {
  width = std::max(width, 500);
  const double size = text_size(width);
  Drawing d{.chart = chart,
            .frame = make_frame(chart, width, right_margin(chart, width, size),
                                footer_lines(chart, width, size)),
            .styles = {},
            .sizes = mark_sizes(chart, size),
            .out = {},
            .obstacles = {},
            .soft = {}};
  for (const auto& style : family_styles(chart)) d.styles.emplace(style.family, style);

  d.out = draw_frame(chart, d.frame, theme);
  if (chart.points.empty() && chart.lines.empty())
    return d.out +
           text(size, (d.frame.area.top + d.frame.area.bottom) / 2, "",
                "no finished trials to draw") +
           "</svg>\n";
  draw_groups(d);
  for (const auto& line : chart.lines) draw_line(d, line);
  if (chart.draw_frontier) draw_frontier(d);
  draw_marks(d);
  draw_names(d);
  draw_line_names(d);
  return d.out + draw_legend(chart, d.frame) + draw_footer(chart, d.frame) + "</svg>\n";
}

}  // namespace archsweep::results
