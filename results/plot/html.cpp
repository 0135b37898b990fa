#include <cmath>
#include <iterator>
#include <map>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/plot/chart.h"
#include "results/plot/page.h"
#include "results/plot/palette.h"

namespace archsweep::results {
namespace {

using Json = nlohmann::json;

const char* name(Better better) {
  return better == Better::lower ? "lower" : better == Better::higher ? "higher" : "neither";
}

const char* name(Within within) {
  switch (within) {
    case Within::speed_key:
      return "speed";
    case Within::accuracy_key:
      return "accuracy";
    case Within::both_keys:
      return "both";
    case Within::anything:
      break;
  }
  return "";
}

const char* name(Shape shape) {
  constexpr const char* names[] = {"circle", "square", "triangle", "diamond"};
  return names[static_cast<int>(shape)];
}

const char* name(Line::Style style) {
  constexpr const char* names[] = {"solid", "faint", "dashed", "arrow"};
  return names[static_cast<int>(style)];
}

const char* name(Theme theme) {
  constexpr const char* names[] = {"light", "dark", "automatic"};
  return names[static_cast<int>(theme)];
}

// Six digits: more than any hover shows, and a third of the file's size.
Json number(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::stod(fmt::format("{:.6g}", value));
}

Json scale(const Scale& s, const std::string& metric) {
  Json json{{"label", s.label}, {"unit", s.unit}, {"better", name(s.better)}, {"log", s.log}};
  if (!metric.empty()) json["metric"] = metric;
  return json;
}

Json point(const Point& p) {
  auto values = Json::array();
  for (const double value : p.values) values.push_back(number(value));
  Json json{{"x", p.x},
            {"y", p.y},
            {"name", p.name},
            {"full_name", p.full_name.empty() ? p.name : p.full_name},
            {"family", p.family},
            {"probability", number(p.probability)},
            {"values", values},
            {"trials", p.trials},
            {"speed_key", p.speed_key},
            {"accuracy_key", p.accuracy_key}};
  for (const auto& [key, value] : {std::pair("x_low", p.x_low),
                                   {"x_high", p.x_high},
                                   {"y_low", p.y_low},
                                   {"y_high", p.y_high}})
    json[key] = number(value);
  // What is rarely so is not said.
  if (std::isfinite(p.size)) json["size"] = number(p.size);
  if (p.on_frontier) json["on_frontier"] = true;
  if (p.group) json["group"] = p.group;
  if (p.hollow) json["hollow"] = true;
  return json;
}

Json line(const Line& l) {
  auto xs = Json::array(), ys = Json::array();
  for (const auto& [x, y] : l.points) xs.push_back(number(x)), ys.push_back(number(y));
  return {{"x", xs}, {"y", ys}, {"family", l.family}, {"name", l.name}, {"style", name(l.style)}};
}

// What differs from `base`, key by key; null for what `base` alone has.
Json difference(const Json& spec, const Json& base) {
  auto out = Json::object();
  for (const auto& [key, value] : spec.items())
    if (!base.contains(key) || base[key] != value) out[key] = value;
  for (const auto& [key, value] : base.items())
    if (!spec.contains(key)) out[key] = nullptr;
  return out;
}

Json object(const std::string& text) {
  auto parsed = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return parsed.is_object() ? parsed : Json::object();
}

Json trials(const Chart& chart, const Json& base) {
  auto all = Json::object();
  for (const auto& trial : chart.trials) {
    auto train_loss = Json::array(), valid_loss = Json::array(), valid_top1 = Json::array();
    for (const auto& epoch : trial.epochs) {
      train_loss.push_back(number(epoch.train_loss));
      valid_loss.push_back(number(epoch.valid_loss));
      valid_top1.push_back(number(epoch.valid_top1));
    }
    all[fmt::format("{}", trial.trial)] = {
        {"settings", trial.settings},        {"spec", difference(object(trial.spec), base)},
        {"left_out", trial.epochs_left_out}, {"train_loss", train_loss},
        {"valid_loss", valid_loss},          {"valid_top1", valid_top1}};
  }
  return all;
}

Json data(const Chart& chart, Theme theme) {
  auto families = Json::array();
  for (const auto& f : family_styles(chart))
    families.push_back({{"name", f.family},
                        {"size", f.size},
                        {"colour", f.colour},
                        {"shape", name(f.shape)},
                        {"is_other", f.is_other}});
  auto points = Json::array();
  for (const auto& p : chart.points) points.push_back(point(p));
  // Fits of families are for the page to make: they change with what is shown.
  const bool trends = !chart.metrics.empty() && !chart.lines.empty();
  auto lines = Json::array();
  if (!trends)
    for (const auto& l : chart.lines) lines.push_back(line(l));
  auto metrics = Json::array();
  for (const auto& m : chart.metrics)
    metrics.push_back({{"key", m.key},
                       {"label", axis_label(m)},
                       {"unit", m.unit},
                       {"better", name(m.better)},
                       {"within", name(m.within)},
                       {"help", m.help}});
  const auto base = chart.trials.empty() ? Json::object() : object(chart.trials.front().spec);
  return {{"title", chart.title},
          {"subtitle", chart.subtitle},
          {"note", chart.note},
          {"theme", name(theme)},
          {"x", scale(chart.x, chart.x_metric)},
          {"y", scale(chart.y, chart.y_metric)},
          {"draw_frontier", chart.draw_frontier},
          {"colours", {colours, colours_on_dark}},
          {"families", families},
          {"metrics", metrics},
          {"points", points},
          {"lines", lines},
          {"trends", trends},
          {"base_spec", base},
          {"trials", trials(chart, base)}};
}

}  // namespace

std::string to_html(const Chart& chart, const std::string& plotly, Theme theme) {
  std::string json =
      data(chart, theme).dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
  // Nothing in the data may end the script element that holds it, or open a comment in it.
  for (std::size_t at = 0; (at = json.find('<', at)) != json.npos; at += 6)
    json.replace(at, 1, "\\u003c");
  const std::pair<std::string_view, std::string_view> parts[] = {
      {"@DATA@", json}, {"@PLOTLY@", plotly}, {"@SCRIPT@", page_script}};
  std::string page;
  std::string_view rest = page_html;
  for (const auto& [place, text] : parts) {
    const auto at = rest.find(place);
    page.append(rest.substr(0, at)).append(text);
    rest.remove_prefix(at + place.size());
  }
  return page.append(rest);
}

}  // namespace archsweep::results
