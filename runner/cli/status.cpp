#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/query.h"
#include "runner/cli/database.h"
#include "runner/cli/rows.h"

namespace archsweep::cli {
namespace {

Action status(CLI::App& app) {
  auto o = std::make_shared<DatabaseOptions>();
  add_database_options(app, *o);
  return [o] {
    const results::Reader reader(find_database(o->database));
    if (o->format == "csv" || o->format == "json") {
      const auto all = reader.ask(
          "SELECT source, state, count(*) AS trials FROM trials WHERE family != 'canary' "
          "GROUP BY source, state");
      print_rows(all, o->format);
      return 0;
    }
    print_rows(reader.ask("SELECT state, count(*) AS trials FROM trials WHERE source = 'sweep' "
                          "GROUP BY state"),
               o->format);
    const auto failed = reader.ask(
        "SELECT t.trial, architecture, learning_rate AS lr, cause, message FROM trials t JOIN "
        "attempts a ON (a.trial, a.attempt) "
        "= (t.trial, t.attempt) WHERE state = 'failed'");
    if (!failed.rows.empty()) {
      fmt::print("\n");
      print_rows(failed, o->format, {"lr"});
    }
    const auto others = reader.ask(
        "SELECT group_concat(what, '; ') FROM (SELECT iif(source = 'bench', 'benchmarks', "
        "'imported') || ': ' || count(*) || ' ' || state AS what FROM trials WHERE source != "
        "'sweep' AND family != 'canary' GROUP BY source, state)");
    if (const auto* line = std::get_if<std::string>(&others.rows[0][0]))
      fmt::print("\n{}\n", *line);
    return 0;
  };
}

}  // namespace

extern const Command status_command;
const Command status_command{"status",
                             "How many trials are planned, running, done and failed, and why",
                             "  archsweep status quickstart.db\n", status};

}  // namespace archsweep::cli
