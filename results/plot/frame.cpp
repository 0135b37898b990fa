#include "results/plot/frame.h"

#include <algorithm>
#include <cmath>
#include <iterator>

#include <fmt/format.h>

#include "results/plot/lettering.h"
#include "results/plot/palette.h"

namespace archsweep::results {
namespace {

// The range of everything drawn, whiskers included where they can be drawn.
struct Range {
  double least = INFINITY, most = -INFINITY;
  void add(double value, bool log) {
    if (!std::isfinite(value) || (log && value <= 0)) return;
    least = std::min(least, value), most = std::max(most, value);
  }
  Axis axis(bool log, double from, double to) const {
    return least > most ? Axis(1, 2, log, from, to) : Axis(least, most, log, from, to);
  }
};

Range x_range(const Chart& chart) {
  Range range;
  for (const auto& p : chart.points)
    for (const double value : {p.x, p.x_low, p.x_high}) range.add(value, chart.x.log);
  for (const auto& line : chart.lines)
    for (const auto& [x, y] : line.points) range.add(x, chart.x.log);
  return range;
}

Range y_range(const Chart& chart) {
  Range range;
  for (const auto& p : chart.points)
    for (const double value : {p.y, p.y_low, p.y_high}) range.add(value, chart.y.log);
  for (const auto& line : chart.lines)
    for (const auto& [x, y] : line.points) range.add(y, chart.y.log);
  return range;
}

std::vector<std::string> subtitle_lines(const std::string& subtitle, double width, double size) {
  return wrap(subtitle, width - 2 * size, size, 2);
}

constexpr const char* rules = R"(text{{font-family:'DejaVu Sans',Verdana,sans-serif;fill:{ink}}}
.q{{fill:{quiet}}}.paper{{fill:{paper}}}.grid{{stroke:{grid}}}.minor{{stroke:{minor}}}.frame{{stroke:{quiet};fill:none}}
.front{{stroke:{ink}}}.lead{{stroke:{quiet}}}.join{{stroke:{ink}}}.m{{stroke:{paper}}}.h{{fill:{paper}}}.u{{stroke:{ink}}}.n{{stroke:{paper}}}
.cx{{color:{other}}}.ck{{color:{ink}}})";

constexpr const char* shapes = R"(
.b{font-weight:bold}.front{fill:none;stroke-width:1.6;stroke-dasharray:6 4}.lead{stroke-width:.8}
.join{stroke-width:7;stroke-opacity:.13;stroke-linecap:round}.m{fill:currentColor;stroke-width:.8}.d{fill-opacity:.5}
.u{fill:currentColor;stroke-width:1.2}.h{stroke:currentColor;stroke-width:1.5}.e{stroke:currentColor;stroke-width:1.2;stroke-opacity:.7}
.l{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}.a{fill:currentColor}
.n{stroke-width:3;stroke-opacity:.85;stroke-linejoin:round;paint-order:stroke}
)";

std::string style(Theme theme) {
  const auto colour_rules = [](const auto& list) {
    std::string out;
    for (std::size_t i = 0; i < std::size(list); ++i)
      out += fmt::format(".c{}{{color:{}}}", i, list[i]);
    return out + "\n";
  };
  using fmt::arg;
  const auto light =
      fmt::format(rules, arg("ink", "#222"), arg("quiet", "#666"), arg("paper", "#fff"),
                  arg("grid", "#e4e4e4"), arg("minor", "#f3f3f3"), arg("other", "#8a8a8a")) +
      colour_rules(colours);
  const auto dark =
      fmt::format(rules, arg("ink", "#e8e8e8"), arg("quiet", "#a0a0a0"), arg("paper", "#16181c"),
                  arg("grid", "#33363c"), arg("minor", "#24272c"), arg("other", "#8d9096")) +
      colour_rules(colours_on_dark);
  return "<style>" + (theme == Theme::dark ? dark : light) + shapes +
         (theme == Theme::automatic ? "@media (prefers-color-scheme:dark){" + dark + "}\n" : "") +
         "</style>\n";
}

// With "← better" on the side where it is; as XML.
std::string axis_title(const Scale& scale, double room, double size) {
  const auto label =
      escape_xml(shorten(scale.label + (scale.log ? " (log scale)" : ""), room - 6 * size, size));
  if (scale.better == Better::lower)
    return fmt::format("<tspan class=\"q\">← better</tspan><tspan dx=\"1em\">{}</tspan>", label);
  if (scale.better == Better::higher)
    return fmt::format("{}<tspan class=\"q\" dx=\"1em\">better →</tspan>", label);
  return label;
}

// Labels that would touch one another are left out, those of round numbers last.
std::vector<Tick> thinned(std::vector<Tick> ticks, const Axis& axis, double size) {
  std::vector<Box> taken;
  const auto keep = [&](Tick& tick) {
    const double half = text_width(tick.label, size) / 2 + 0.4 * size, x = axis(tick.value);
    const Box box{x - half, 0, x + half, 1};
    if (std::ranges::any_of(taken, [&](const Box& other) { return box.overlaps(other); }))
      tick.label.clear();
    else
      taken.push_back(box);
  };
  for (auto& tick : ticks)
    if (tick.label.starts_with("1")) keep(tick);
  for (auto& tick : ticks)
    if (!tick.label.empty() && !tick.label.starts_with("1")) keep(tick);
  return ticks;
}

std::string draw_axes(const Chart& chart, const Frame& f) {
  const auto& area = f.area;
  std::string out;
  for (const auto& tick : thinned(f.x.ticks(chart.x.unit), f.x, f.size)) {
    const double x = f.x(tick.value);
    out += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>\n",
                       tick.label.empty() ? "minor" : "grid", x, area.top, area.bottom);
    if (!tick.label.empty())
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n", x,
                         area.bottom + 1.5 * f.size, escape_xml(tick.label));
  }
  for (const auto& tick : f.y.ticks(chart.y.unit)) {
    const double y = f.y(tick.value);
    out += fmt::format("<path class=\"{}\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n",
                       tick.label.empty() ? "minor" : "grid", area.left, y, area.right);
    if (!tick.label.empty())
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n",
                         area.left - 0.5 * f.size, y + 0.35 * f.size, escape_xml(tick.label));
  }
  out += fmt::format(
      "<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n",
      area.left, area.top, area.right - area.left, area.bottom - area.top);
  out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>\n",
                     (area.left + area.right) / 2, area.bottom + 3.2 * f.size,
                     axis_title(chart.x, area.right - area.left, f.size));
  out += fmt::format(
      "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
      1.4 * f.size, (area.top + area.bottom) / 2,
      axis_title(chart.y, area.bottom - area.top, f.size));
  return out;
}

}  // namespace

double text_size(int width) {
  return std::clamp(width / 72.0, 10.0, 16.0);
}

Frame make_frame(const Chart& chart, int width, double right, std::size_t footer) {
  const double w = width, size = text_size(width);
  double left = 0;  // of the widest label
  for (const auto& tick : y_range(chart).axis(chart.y.log, 0, 1).ticks(chart.y.unit))
    left = std::max(left, text_width(tick.label, size));
  const double top = head_height(chart.subtitle, w, size);
  const double bottom = (4.0 + 1.5 * static_cast<double>(footer)) * size;
  const double h = std::round(0.56 * w + top + bottom - 4.6 * size);
  const Box area{left + 3 * size, top, w - right, h - bottom};
  return {w,
          h,
          size,
          area,
          x_range(chart).axis(chart.x.log, area.left, area.right),
          y_range(chart).axis(chart.y.log, area.bottom, area.top)};
}

double head_height(const std::string& subtitle, double width, double size) {
  const auto lines = static_cast<double>(subtitle_lines(subtitle, width, size).size());
  return (3.0 + 1.4 * lines) * size;
}

std::string draw_head(const std::string& title, const std::string& subtitle, double width,
                      double height, double size, Theme theme) {
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 "
      "0 {0:.0f} {1:.0f}\" font-size=\"{2:.1f}\" role=\"img\">\n<title>{3}</title>\n",
      width, height, size, escape_xml(title));
  out += style(theme);
  out += fmt::format("<rect class=\"paper\" width=\"{:.0f}\" height=\"{:.0f}\"/>\n", width, height);
  out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{:.1f}\" class=\"b\">{}</text>\n",
                     size, 1.9 * size, 1.35 * size,
                     escape_xml(shorten(title, width - 2 * size, 1.35 * size, true)));
  double y = 3.5 * size;
  for (const auto& line : subtitle_lines(subtitle, width, size)) {
    out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"q\">{}</text>\n", size, y,
                       escape_xml(line));
    y += 1.4 * size;
  }
  return out;
}

std::string page_around(const std::string& title, const std::string& svg) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n"
      "<style>body{{margin:0}}svg{{max-width:100%;height:auto}}</style>\n{}</html>\n",
      escape_xml(title), svg);
}

std::string draw_frame(const Chart& chart, const Frame& f, Theme theme) {
  const auto out = draw_head(chart.title, chart.subtitle, f.width, f.height, f.size, theme);
  return chart.points.empty() && chart.lines.empty() ? out : out + draw_axes(chart, f);
}

}  // namespace archsweep::results
