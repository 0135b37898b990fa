#include <charconv>
#include <cmath>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "archs/catalog.h"
#include "results/export/table.h"
#include "runner/cli/command.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::vector<std::string> globs;
  std::string family, max_parameters, format = "table";
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

int list(const Options& o) {
  const bool exact = o.format == "csv" || o.format == "json";
  const double most = o.max_parameters.empty() ? INFINITY : parse_count(o.max_parameters);
  results::Rows rows{{"name", "family", "parameters", "macs", "input_size"}, {}};
  const auto count = [&](std::int64_t value) {
    return exact ? results::Value(value) : results::Value(human_count(static_cast<double>(value)));
  };
  for (const auto* entry : archs::select(o.globs)) {
    if (!o.family.empty() && entry->family != o.family) continue;
    const auto facts = archs::facts(entry->name);
    if (facts && static_cast<double>(facts->parameters) > most) continue;
    rows.rows.push_back({std::string(entry->name), std::string(entry->family),
                         facts ? count(facts->parameters) : results::Value(),
                         facts ? count(facts->macs) : results::Value(),
                         std::int64_t(entry->preprocessing.input_size)});
  }
  if (rows.rows.empty() && !o.globs.empty() && archs::select(o.globs).empty())
    throw Error(
        fmt::format("'{}' matches no architecture{}", o.globs[0], archs::suggest(o.globs[0])));
  fmt::print("{}", results::write_rows(rows, o.format));
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("glob", o->globs, "Names to show: * ? [abc]; several are a union, '!' excludes");
  app.add_option("--family", o->family, "Only this family");
  app.add_option("--max-params", o->max_parameters, "At most this many parameters, such as 30M");
  app.add_option("--format", o->format, "table, csv, json or md; exact numbers in csv and json")
      ->check(CLI::IsMember({"table", "csv", "json", "md"}));
  return [o] { return list(*o); };
}

}  // namespace

extern const Command list_command;
const Command list_command{"list", "Architectures that can be trained, by timm's names",
                           "  archsweep list 'convnext*' '!*_ols'\n  archsweep list --family "
                           "resnet --max-params 15M --format csv\n",
                           declare};

}  // namespace archsweep::cli
