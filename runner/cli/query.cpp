#include <cstdio>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/export/table.h"
#include "results/query.h"
#include "runner/cli/command.h"
#include "runner/cli/rows.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::string database, sql, format = "table", timeout = "60s";
};

Action query(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("database", o->database, "Results database")->required();
  app.add_option("sql", o->sql, "One SELECT")->required();
  add_format_option(app, o->format, "csv and json come row by row");
  app.add_option("--timeout", o->timeout, "Stop after this long, such as 90s, 10m or 2h")
      ->capture_default_str();
  return [o] {
    const auto timeout = parse_duration(o->timeout);
    if (!timeout)
      throw Error(fmt::format("--timeout {}: expected a time, such as 90s, 10m or 2h",
                              printable(o->timeout, 80)));
    results::Reader reader(o->database);
    reader.set_timeout(*timeout);
    auto cursor = reader.open(o->sql);
    if (o->format == "table" || o->format == "md") {
      print_rows(results::table_rows(cursor), o->format);
      return 0;
    }
    results::write_rows(cursor, o->format, [](std::string_view text) {
      if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size())
        throw Error("cannot write the output", Exit::environment);
    });
    return 0;
  };
}

}  // namespace

extern const Command query_command;
const Command query_command{
    "query", "Ask the database in SQL; it cannot be changed",
    "  archsweep query quickstart.db \"SELECT family, max(top1) FROM finished GROUP BY family\"\n"
    "  archsweep query quickstart.db \"SELECT name, sql FROM sqlite_master\"   # tables, columns\n",
    query};

}  // namespace archsweep::cli
