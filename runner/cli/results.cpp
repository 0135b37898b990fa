// Commands that read the results: leaderboard, frontier, status and query.

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/export/table.h"
#include "results/metric.h"
#include "results/query.h"
#include "runner/cli/database.h"
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

namespace {

constexpr const char* columns =
    "architecture, learning_rate AS lr, seed, round(100 * top1, 2) AS top1_percent, round(latency "
    "* 1e3, 3) AS latency_ms, "
    "round(throughput, 1) AS samples_per_s, round(train_seconds, 1) AS train_s, "
    "round(train_memory_bytes / 1048576.0) AS "
    "train_mib, round(inference_memory_bytes / 1048576.0) AS infer_mib, round(parameters / 1e6, 2) "
    "AS params_m, trial";

void warn_of_keys(const results::Reader& reader, const char* what) {
  const auto rows = reader.ask("SELECT count(DISTINCT speed_key || accuracy_key) FROM leaderboard");
  const auto* count = std::get_if<std::int64_t>(&rows.rows[0][0]);
  if (count && *count > 1)
    fmt::print(stderr, "{} kinds of machine, precision or recipe: {}\n", *count, what);
}

struct Options {
  std::string database, format = "table", where, sort, sql;
  int limit = 0;
};

void add_common(CLI::App& app, Options& o) {
  app.add_option("database", o.database,
                 "Results database; by default the only *.db in this folder");
  app.add_option("--format", o.format, "table, csv, json or md")
      ->check(CLI::IsMember({"table", "csv", "json", "md"}));
}

// What --where and --sort may say beyond the printed columns: every column of the view.
std::string from(const char* view, const Options& o) {
  std::string sql = fmt::format("SELECT {} FROM {}",
                                o.format == "table" || o.format == "md" ? columns : "*", view);
  if (!o.where.empty()) sql += " WHERE (" + o.where + ")";
  if (!o.sort.empty()) {
    const auto metric =
        std::ranges::find(results::metrics, std::string_view(o.sort), &results::Metric::key);
    const bool higher =
        metric != std::end(results::metrics) && metric->better == results::Better::higher;
    sql += " ORDER BY " + o.sort + (higher ? " DESC" : "");
  }
  if (o.limit > 0) sql += fmt::format(" LIMIT {}", o.limit);
  return sql;
}

Action leaderboard(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_common(app, *o);
  app.add_option("--sort", o->sort, "A metric (best first) or any SQL expression");
  app.add_option("--where", o->where, "SQL condition, such as \"latency < 1e-3\"");
  app.add_option("--limit", o->limit, "At most this many rows")->check(CLI::NonNegativeNumber);
  return [o] {
    const results::Reader reader(find_database(o->database));
    fmt::print("{}", results::write_rows(reader.ask(from("leaderboard", *o)), o->format));
    warn_of_keys(reader, "compare only rows of the same speed_key and accuracy_key");
    return 0;
  };
}

Action frontier(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_common(app, *o);
  app.add_option("--where", o->where, "SQL condition on its rows");
  return [o] {
    const results::Reader reader(find_database(o->database));
    fmt::print("{}", results::write_rows(reader.ask(from("frontier", *o)), o->format));
    warn_of_keys(reader, "each has a frontier of its own");
    return 0;
  };
}

Action query(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("database", o->database, "Results database")->required();
  app.add_option("sql", o->sql, "One SELECT")->required();
  app.add_option("--format", o->format, "table, csv, json or md")
      ->check(CLI::IsMember({"table", "csv", "json", "md"}));
  return [o] {
    fmt::print("{}", results::write_rows(results::Reader(o->database).ask(o->sql), o->format));
    return 0;
  };
}

Action status(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_common(app, *o);
  return [o] {
    const results::Reader reader(find_database(o->database));
    fmt::print("{}", results::write_rows(
                         reader.ask("SELECT state, count(*) AS trials FROM trials GROUP BY state"),
                         o->format));
    const auto failed = reader.ask(
        "SELECT t.trial, architecture, learning_rate AS lr, cause, message FROM trials t JOIN "
        "attempts a ON (a.trial, a.attempt) "
        "= (t.trial, t.attempt) WHERE state = 'failed'");
    if (!failed.rows.empty()) fmt::print("\n{}", results::write_rows(failed, o->format));
    return 0;
  };
}

}  // namespace

void show_results(const runner::Config& config) {
  const auto database = config.output.database.string();
  const results::Reader reader(database);
  Options best{.limit = 10};
  fmt::print("\nLeaderboard (archsweep leaderboard {})\n{}", database,
             results::write_rows(reader.ask(from("leaderboard", best)), "table"));
  fmt::print("\nFrontier (archsweep frontier {})\n{}", database,
             results::write_rows(reader.ask(from("frontier", {})), "table"));
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

extern const Command leaderboard_command, frontier_command, query_command, status_command;
const Command leaderboard_command{
    "leaderboard", "Finished trials, best accuracy first",
    "  archsweep leaderboard quickstart.db --sort latency --where \"top1 > 0.85\" --limit 10\n",
    leaderboard};
const Command frontier_command{
    "frontier", "Trials that no other beats on both latency and accuracy",
    "  archsweep frontier quickstart.db --where \"latency < 1e-3\" --format csv\n", frontier};
const Command query_command{"query", "Ask the database in SQL; it cannot be changed",
                            "  archsweep query quickstart.db \"SELECT family, max(top1) FROM "
                            "leaderboard GROUP BY family\"\n",
                            query};
const Command status_command{"status",
                             "How many trials are planned, running, done and failed, and why",
                             "  archsweep status quickstart.db\n", status};
}  // namespace archsweep::cli
