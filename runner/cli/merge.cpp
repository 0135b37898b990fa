#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/merge.h"
#include "runner/cli/command.h"

namespace archsweep::cli {
namespace {

Action declare(CLI::App& app) {
  struct Options {
    std::string into;
    std::vector<std::string> from;
  };
  auto o = std::make_shared<Options>();
  app.add_option("into", o->into, "Database that gets it; made where it is not there")->required();
  app.add_option("from", o->from, "Databases that are read")->required();
  return [o] {
    for (const auto& from : o->from) {
      const auto m = results::merge(from, o->into);
      fmt::print("{} <- {}: {} new trials, {} results", o->into, from, m.trials, m.results);
      if (m.sweeps) fmt::print(", {} sweeps", m.sweeps);
      if (m.imports) fmt::print(", {} imported files", m.imports);
      if (m.duplicates) fmt::print("; {} were finished in both, and the first stays", m.duplicates);
      fmt::print("\n");
    }
    return 0;
  };
}

}  // namespace

extern const Command merge_command;
const Command merge_command{
    "merge", "Put what other databases know into one",
    "  archsweep merge all.db monday.db tuesday.db\n"
    "A trial is known by its fingerprint: a sweep that ran in parts on two machines becomes one, "
    "and\n"
    "`archsweep run --db all.db` runs only what none of them finished. Doing it again changes "
    "nothing.\n",
    declare};

}  // namespace archsweep::cli
