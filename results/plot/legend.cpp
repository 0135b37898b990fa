#include "results/plot/legend.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "results/plot/lettering.h"
#include "results/plot/marks.h"

namespace archsweep::results {
namespace {

struct LegendRow {
  std::string words, count;
  std::string colour;
  Shape shape;
};

std::vector<LegendRow> legend_rows(const Chart& chart) {
  std::vector<LegendRow> rows;
  std::size_t others = 0, other_points = 0;
  for (const auto& style : family_styles(chart))
    if (style.is_other)
      ++others, other_points += style.size;
    else
      rows.push_back(
          {style.family, fmt::format("{}", style.size), colour_class(style), style.shape});
  if (others > 0)
    rows.push_back(
        {fmt::format("{} others", others), fmt::format("{}", other_points), "cx", Shape::circle});
  return rows;
}

bool has_legend(const Chart& chart) {
  return named_lines(chart).empty() && !legend_rows(chart).empty();
}

// The smallest and the largest, with what they stand for.
std::string draw_size_legend(const Chart& chart, const Frame& frame, double left, double y) {
  const double size = frame.size;
  const auto marks = mark_sizes(chart, size);
  double least = INFINITY;
  for (const auto& p : chart.points)
    if (std::isfinite(p.size)) least = std::min(least, p.size);
  auto out = text(left, y, "q", shorten(chart.size_label, frame.width - left - 4, size));
  std::vector<double> sizes{marks.largest};
  if (least < marks.largest) sizes.insert(sizes.begin(), least);
  for (const double value : sizes) {
    const double r = marks.of_size(value);
    y += std::max(1.5 * size, r + 0.9 * size);
    out += shape(Shape::circle, left + 1.2 * size, y, r) + " class=\"m d cx\"/>\n";
    out += text(left + 2.8 * size, y + 0.35 * size, "q",
                with_unit(chart.size_squared ? std::sqrt(value) : value, ""));
    y += std::max(0.0, r - 0.6 * size);
  }
  return out;
}

// What the signs in the picture mean, each beside a specimen.
struct Sign {
  std::string words;
  std::string (*specimen)(double x, double y, double size);  // 2.4 sizes wide
};

std::string stroke(const char* classes, double x, double y, double length) {
  return fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}h{:.1f}\"/>", classes, x, y, length);
}

std::vector<Sign> signs(const Chart& chart) {
  const auto count = [&](auto&& test) { return std::ranges::count_if(chart.points, test); };
  const bool compares = count([](const Point& p) { return p.hollow; }) > 0;
  std::vector<Sign> all;
  if (chart.draw_frontier && count([](const Point& p) { return p.on_frontier; }) > 1)
    all.push_back(
        {compares ? "frontier after" : "frontier: nothing shown is better on both axes",
         [](double x, double y, double size) { return stroke("front", x, y, 2.1 * size); }});
  if (compares) {
    all.push_back({"frontier before", [](double x, double y, double size) {
                     return "<g stroke-dasharray=\"2 3\">" + stroke("l ck", x, y, 2.1 * size) +
                            "</g>";
                   }});
    all.push_back({"after", [](double x, double y, double size) {
                     return shape(Shape::circle, x + size, y, 0.45 * size) + " class=\"m cx\"/>";
                   }});
    all.push_back({"before", [](double x, double y, double size) {
                     return shape(Shape::circle, x + size, y, 0.42 * size) + " class=\"h cx\"/>";
                   }});
  }
  if (count([](const Point& p) { return p.group > 0 && !p.on_frontier; }) > 0)
    all.push_back(
        {"not distinguishable from the frontier's point", [](double x, double y, double size) {
           return stroke("join", x + 0.4 * size, y, 1.4 * size) +
                  shape(Shape::circle, x + 1.1 * size, y, 0.4 * size) + " class=\"u cx\"/>";
         }});
  if (count([](const Point& p) { return p.x_low < p.x_high || p.y_low < p.y_high; }) > 0)
    all.push_back({"95 % interval", [](double x, double y, double size) {
                     return stroke("e ck", x, y, 2 * size) +
                            shape(Shape::circle, x + size, y, 0.35 * size) + " class=\"m cx\"/>";
                   }});
  if (!compares && !chart.points.empty() &&
      std::ranges::any_of(chart.lines, [](const Line& line) { return !line.family.empty(); }))
    all.push_back({"least-squares fit of a family",
                   [](double x, double y, double size) { return stroke("l cx", x, y, 2 * size); }});
  return all;
}

struct PlacedSign {
  Sign sign;
  double x;
  std::size_t line;
};

// Side by side, as many lines as they need.
std::vector<PlacedSign> place_signs(const Chart& chart, double width, double size) {
  std::vector<PlacedSign> placed;
  double x = size;
  std::size_t line = 0;
  for (const auto& sign : signs(chart)) {
    const double wide = 4.4 * size + text_width(sign.words, size);
    if (x > size && x + wide > width) x = size, ++line;
    placed.push_back({sign, x, line});
    x += wide;
  }
  return placed;
}

std::vector<std::string> note_lines(const Chart& chart, double width, double size) {
  return wrap(chart.note, width - 2 * size, size, 3);
}

}  // namespace

std::vector<const Line*> named_lines(const Chart& chart) {
  std::vector<const Line*> named;
  for (const auto& line : chart.lines)
    if (!line.name.empty() && !line.points.empty()) named.push_back(&line);
  return named;
}

double right_margin(const Chart& chart, int width, double size) {
  double widest = 0, extra = 1.2 * size;
  if (has_legend(chart)) {
    extra = 5.6 * size;
    for (const auto& row : legend_rows(chart))
      widest = std::max(widest, text_width(row.words, size));
    if (!chart.size_label.empty())
      widest = std::max(widest, text_width(chart.size_label, size) - 3 * size);
  } else if (const auto lines = named_lines(chart); !lines.empty()) {
    extra = 2.2 * size;
    for (const auto* line : lines) widest = std::max(widest, text_width(line->name, size));
  }
  return std::min(widest + extra, 0.32 * width);
}

std::string draw_legend(const Chart& chart, const Frame& frame) {
  if (!has_legend(chart)) return "";
  const double size = frame.size, left = frame.area.right + 1.0 * size;
  const double end = frame.width - 0.8 * size;
  double y = frame.area.top + size;
  std::string out;
  for (const auto& row : legend_rows(chart)) {
    out += shape(row.shape, left + 0.5 * size, y, 0.45 * size) +
           fmt::format(" class=\"m {}\"/>\n", row.colour);
    const double room = end - left - 1.8 * size - text_width(row.count, size);
    out += text(left + 1.5 * size, y + 0.35 * size, "", shorten(row.words, room, size));
    out +=
        fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\" class=\"q\">{}</text>\n",
                    end, y + 0.35 * size, row.count);
    y += 1.5 * size;
  }
  return chart.size_label.empty() ? out : out + draw_size_legend(chart, frame, left, y + size);
}

std::size_t footer_lines(const Chart& chart, int width, double size) {
  const auto placed = place_signs(chart, width, size);
  return note_lines(chart, width, size).size() + (placed.empty() ? 0 : placed.back().line + 1);
}

std::string draw_footer(const Chart& chart, const Frame& frame) {
  const double size = frame.size;
  double y = frame.area.bottom + 5.0 * size;
  const auto placed = place_signs(chart, frame.width, size);
  std::string out;
  for (const auto& p : placed) {
    const double at = y + 1.5 * size * static_cast<double>(p.line);
    out += p.sign.specimen(p.x, at - 0.35 * size, size) + "\n";
    out += text(p.x + 2.6 * size, at, "q", p.sign.words);
  }
  if (!placed.empty()) y += 1.5 * size * static_cast<double>(placed.back().line + 1);
  for (const auto& line : note_lines(chart, frame.width, size)) {
    out += text(size, y, "q", line);
    y += 1.5 * size;
  }
  return out;
}

}  // namespace archsweep::results
