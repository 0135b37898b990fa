#include "runner/cli/database.h"
#include "runner/cli/rows.h"

#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/config/config.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {

namespace fs = std::filesystem;

std::string find_database(const std::string& given) {
  if (!given.empty()) return given;
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator("."))
    if (entry.path().extension() == ".db") found.push_back(entry.path().filename().string());
  if (found.size() == 1) return found[0];
  throw Error(found.empty() ? "no *.db in this folder: name the database"
                            : fmt::format("{} databases in this folder: name one, such as {}",
                                          found.size(), found[0]));
}

void add_database_options(CLI::App& app, DatabaseOptions& o) {
  app.add_option("database", o.database,
                 "Results database; by default the only *.db in this folder");
  add_format_option(app, o.format);
}

void add_row_options(CLI::App& app, RowOptions& o) {
  app.add_option("--where", o.where,
                 "Only rows for which this SQL condition holds, such as \"latency_ms < 1\"");
  app.add_option("--family", o.families, "Only these families; globs, '!' excludes")
      ->take_all()
      ->expected(1);
  app.add_option("--max-memory", o.max_memory,
                 "Only rows that are known to fit: at most this much memory in training and in "
                 "inference, such as 2GB or 2.7GiB");
}

void add_frontier_options(CLI::App& app, RowOptions& o) {
  app.add_option("--x", o.x,
                 "A metric, such as throughput, memory, params or train_time; by default latency, "
                 "or what the rows have instead");
  app.add_option("--y", o.y, "Another, such as error; by default top1, or valid_loss where no row has it");
  add_row_options(app, o);
  app.add_option("--speed-key", o.speed_key,
                 "Machine and precision to compare under (or a beginning of the key); by default "
                 "that of most rows");
  app.add_option("--accuracy-key", o.accuracy_key, "Likewise for data and recipe");
}

results::Selection RowOptions::read() const {
  results::Selection s{.x = x,
                       .y = y,
                       .where = where,
                       .families = families,
                       .speed_key = speed_key,
                       .accuracy_key = accuracy_key};
  if (max_memory.empty()) return s;
  const auto bytes = parse_bytes(max_memory);
  if (!bytes)
    throw Error(fmt::format("--max-memory {}: expected a size, such as 2GB or 2.7GiB",
                            printable(max_memory, 80)));
  s.max_memory = *bytes;
  return s;
}

void drop_column(results::Rows& rows, std::size_t column) {
  const auto at = static_cast<std::ptrdiff_t>(column);
  rows.columns.erase(rows.columns.begin() + at);
  for (auto& row : rows.rows) row.erase(row.begin() + at);
}

void show_results(const runner::Config& config) {
  const auto database = config.output.database.string();
  const results::Reader reader(database);
  fmt::print("\nLeaderboard (archsweep leaderboard {})\n", database);
  print_best_trials(reader, 10);
  fmt::print("\nFrontier (archsweep frontier {})\n", database);
  print_usual_frontier(reader);
  for (const auto& file : config.output.plots) {
    const auto path = fs::absolute(file).lexically_normal().string();
    try {
      plot_to(database, config.output.name + ": speed against accuracy", path, 1000);
      fmt::print("\nPicture: {}", path);
    } catch (const Error& e) {  // the sweep is done and kept; the other pictures can still be drawn
      fmt::print(stderr, "{}\n", e.what());
    }
  }
  fmt::print("\n");
}

}  // namespace archsweep::cli
