#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "archs/catalog.h"
#include "results/export/table.h"
#include "runner/cli/command.h"
#include "runner/support/error.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::vector<std::string> globs;
  std::string family, format = "table";
};

int list(const Options& o) {
  results::Rows rows{{"name", "family", "parameters", "macs", "input_size"}, {}};
  for (const auto* entry : archs::select(o.globs)) {
    if (!o.family.empty() && entry->family != o.family) continue;
    const auto facts = archs::facts(entry->name);
    const auto number = [&](auto member) {
      return facts ? results::Value((*facts).*member) : results::Value();
    };
    rows.rows.push_back({std::string(entry->name), std::string(entry->family),
                         number(&archs::Facts::parameters), number(&archs::Facts::macs),
                         std::int64_t(entry->preprocessing.input_size)});
  }
  if (rows.rows.empty() && !o.globs.empty())
    throw Error(
        fmt::format("'{}' matches no architecture{}", o.globs[0], archs::suggest(o.globs[0])));
  fmt::print("{}", results::write_rows(rows, o.format));
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("glob", o->globs, "Names to show: * ? [abc]; several are a union, '!' excludes");
  app.add_option("--family", o->family, "Only this family");
  app.add_option("--format", o->format, "table, csv, json or md")
      ->check(CLI::IsMember({"table", "csv", "json", "md"}));
  return [o] { return list(*o); };
}

}  // namespace

extern const Command list_command;
const Command list_command{
    "list", "Architectures that can be trained, by timm's names",
    "  archsweep list 'convnext*' '!*_ols'\n  archsweep list --family resnet --format csv\n",
    declare};

}  // namespace archsweep::cli
