#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "archs/catalog.h"
#include "archs/weights/pretrained.h"
#include "runner/cli/command.h"
#include "runner/cli/rows.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::vector<std::string> globs;
  std::string family, max_parameters, format = "table";
  double most_parameters = INFINITY;  // what max_parameters says
  bool pretrained = false;
};

// "30M", "1.5G", "30e6".
double parse_count(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const std::string_view unit(end, text.data() + text.size());
  const double scale = unit.empty()                 ? 1
                       : unit == "k" || unit == "K" ? 1e3
                       : unit == "M"                ? 1e6
                       : unit == "G" || unit == "B" ? 1e9
                                                    : 0;
  if (error != std::errc() || scale == 0 || !(value > 0))
    throw Error(fmt::format("--max-params {}: expected a count, such as 30M or 30e6", text));
  return value * scale;
}

// A number as people read it, or in full for programs.
results::Value count(std::int64_t value, const Options& o) {
  if (o.format == "csv" || o.format == "json") return value;
  return human_count(static_cast<double>(value));
}

// What --family and --max-params leave of the architectures.
bool is_wanted(const archs::Entry& entry, const Options& o) {
  const auto facts = archs::facts(entry.name);
  return (o.family.empty() || entry.family == o.family) &&
         !(facts && static_cast<double>(facts->parameters) > o.most_parameters);
}

results::Rows architectures(const Options& o) {
  results::Rows rows{{"name", "family", "parameters", "macs", "input_size"}, {}};
  for (const auto& entry : archs::catalog()) {
    if (!archs::is_selected(entry.name, o.globs) || !is_wanted(entry, o)) continue;
    const auto facts = archs::facts(entry.name);
    rows.rows.push_back(
        {std::string(entry.name), std::string(entry.family),
         facts ? count(facts->parameters, o) : results::Value(),
         facts ? count(facts->macs, o) : results::Value(),
         entry.input == archs::Input::image
             ? results::Value(std::int64_t(entry.preprocessing.input_size))
             : std::string(entry.input == archs::Input::table ? "table" : "number")});
  }
  return rows;
}

// A row for each of timm's weights of the architectures; a glob may name the tag after a dot.
results::Rows weights(const Options& o) {
  auto globs = o.globs;
  for (auto& glob : globs)
    if (glob.find('.') == glob.npos) glob += ".*";
  results::Rows rows{{"name", "family", "parameters", "input_size", "num_classes", "license"}, {}};
  for (const auto& entry : archs::catalog()) {
    if (!is_wanted(entry, o)) continue;
    const auto facts = archs::facts(entry.name);
    for (const auto& weights : archs::tags_of(entry.name))
      if (archs::is_selected(weights.name(), globs))
        rows.rows.push_back({weights.name(), std::string(entry.family),
                             facts ? count(facts->parameters, o) : results::Value(),
                             std::int64_t(weights.preprocessing->input_size),
                             std::int64_t(weights.num_classes), std::string(weights.license)});
  }
  return rows;
}

int list(const Options& o) {
  const auto rows = o.pretrained ? weights(o) : architectures(o);
  const bool is_any = std::ranges::any_of(
      archs::catalog(), [&](const auto& entry) { return archs::is_selected(entry.name, o.globs); });
  if (rows.rows.empty() && !o.globs.empty() && (o.pretrained || !is_any))
    throw Error(fmt::format("'{}' matches no {}{}", o.globs[0],
                            o.pretrained ? "pretrained weights" : "architecture",
                            archs::suggest(o.globs[0].substr(0, o.globs[0].find('.')))));
  print_rows(rows, o.format,
             o.pretrained ? std::vector<std::string>{"family", "input_size"}
                          : std::vector<std::string>{"input_size", "macs", "family"});
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("glob", o->globs, "Names to show: * ? [abc]; several are a union, '!' excludes");
  app.add_option("--family", o->family, "Only this family");
  app.add_option("--max-params", o->max_parameters, "At most this many parameters, such as 30M");
  app.add_flag("--pretrained", o->pretrained, "timm's pretrained weights of them, as NAME.TAG");
  add_format_option(app, o->format);
  return [o] {
    if (!o->max_parameters.empty()) o->most_parameters = parse_count(o->max_parameters);
    return list(*o);
  };
}

}  // namespace

extern const Command list_command;
const Command list_command{"list", "Architectures that can be trained, by timm's names",
                           "  archsweep list 'convnext*' '!*_ols'\n  archsweep list --family "
                           "resnet --max-params 15M --format csv\n"
                           "  archsweep list --pretrained 'resnet*.a1_in1k'\n",
                           declare};

}  // namespace archsweep::cli
