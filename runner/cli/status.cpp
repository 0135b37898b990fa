#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "results/cells.h"
#include "results/export/table.h"
#include "results/lock.h"
#include "results/query.h"
#include "runner/cli/database.h"
#include "runner/schedule/forecast.h"
#include "runner/serve/rows.h"
#include "runner/support/error.h"
#include "runner/support/terminal.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

using Json = nlohmann::ordered_json;
using results::Reader;
using results::Rows;

struct Options : DatabaseOptions {
  std::string watch;
  bool watches = false;
  int sweep = 0;  // the latest
};

// How a sweep of a database stands, by its number, or the latest.
class SweepStatus {
 public:
  // Throws Error: there is no such sweep.
  SweepStatus(const Reader& reader, const std::string& database, int sweep)
      : reader_(reader), database_(database), writer_(results::writer_of(database)) {
    const auto sweeps = serve::objects(reader.ask(fmt::format(
        "SELECT sweep, name, config_path, config, started_at, ended_at, outcome, seen_at, "
        "expected_end, julianday('now') - julianday(started_at) AS age, "
        "julianday('now') - julianday(coalesce(ended_at, seen_at, started_at)) AS quiet, "
        "julianday(expected_end) - julianday('now') AS left, sweep = (SELECT max(sweep) FROM "
        "sweeps) "
        "AS is_latest FROM sweeps WHERE {0} = 0 OR sweep = {0} ORDER BY sweep DESC LIMIT 1",
        sweep)));
    if (sweep && sweeps.empty())
      throw Error(
          fmt::format("{}: has no sweep {} (archsweep query {} 'SELECT sweep, name, "
                      "started_at FROM sweeps')",
                      database, sweep, shell_word(database)));
    if (sweeps.empty()) return;
    sweep_ = sweeps[0];
    for (const auto* days : {"age", "quiet", "left"})
      if (!sweep_[days].is_null()) sweep_[days] = sweep_[days].get<double>() * 86400;
    members_ = fmt::format(
        "EXISTS (SELECT 1 FROM sweep_trials st WHERE st.trial = t.trial AND st.sweep = {}) AND "
        "t.family != 'canary'",
        sweep_["sweep"].get<std::int64_t>());
  }

  bool has_writer() const { return writer_.has_value(); }
  std::string table(std::size_t width, const std::string& format) const;
  Json json() const;
  // A row a trial, as its latest attempt stands.
  Rows trials(const std::string& where = "1") const;

 private:
  std::string state() const;  // none, running, gone, ended
  std::string headline() const;
  std::string command() const;
  Rows counts() const;
  Rows failures() const;
  Rows retries() const;
  Rows quarantines() const;
  Rows running(std::size_t width) const;

  const Reader& reader_;
  std::string database_;
  std::optional<std::string> writer_;  // its pid
  Json sweep_;                         // null: there is none
  std::string members_ = "t.source = 'sweep'";
};

std::string SweepStatus::state() const {
  if (sweep_.is_null()) return "none";
  if (!sweep_["ended_at"].is_null()) return "ended";
  return writer_ && sweep_["is_latest"] == 1 ? "running" : "gone";
}

Rows SweepStatus::trials(const std::string& where) const {
  return reader_.ask(fmt::format(
      "WITH latest AS (SELECT t.*, a.attempt AS latest, a.device, "
      "iif(state = 'running', a.pid, NULL) AS pid, a.started_at, a.ended_at, a.cause, a.message, "
      "(SELECT host FROM environments e WHERE e.environment = a.environment) AS host "
      "FROM trials t LEFT JOIN attempts a ON a.trial = t.trial AND a.attempt = "
      "(SELECT max(attempt) FROM attempts b WHERE b.trial = t.trial) WHERE {}) "
      "SELECT trial, architecture, learning_rate, seed, state, latest AS attempt, host, device, "
      "pid, "
      "(SELECT max(epoch) FROM epochs e WHERE (e.trial, e.attempt) = (t.trial, latest)) AS epoch, "
      "epochs, (SELECT valid_top1 FROM epochs e WHERE (e.trial, e.attempt) = (t.trial, latest) "
      "ORDER BY epoch DESC LIMIT 1) AS top1, started_at, ended_at, cause, message "
      "FROM latest t WHERE {} ORDER BY trial",
      members_, where));
}

Rows SweepStatus::counts() const {
  return reader_.ask("SELECT state, count(*) AS trials FROM trials t WHERE " + members_ +
                     " GROUP BY state");
}

Rows SweepStatus::failures() const {
  // The bare columns are those of the row with the latest end.
  auto rows = reader_.ask(
      "SELECT cause, count(*) AS trials, t.trial AS last_trial, architecture, message, "
      "max(ended_at) FROM trials t JOIN attempts a ON (a.trial, a.attempt) = (t.trial, t.attempt) "
      "WHERE state = 'failed' AND " +
      members_ + " GROUP BY cause ORDER BY 2 DESC, 1");
  drop_column(rows, 5);
  return rows;
}

// What was tried again, whatever came of it.
Rows SweepStatus::retries() const {
  return reader_.ask(
      "SELECT cause, count(DISTINCT trial) AS trials, count(*) AS times FROM trials t JOIN "
      "attempts a USING (trial) WHERE a.outcome = 'retried' AND " +
      members_ + " GROUP BY cause ORDER BY 3 DESC, 1");
}

Rows SweepStatus::quarantines() const {
  return reader_.ask(
      fmt::format("SELECT device, since, message FROM quarantines WHERE sweep = {} ORDER BY device",
                  sweep_.is_null() ? 0 : sweep_["sweep"].get<std::int64_t>()));
}

// What started the sweep, as its record tells: the overrides are the last lines of the config.
std::string SweepStatus::command() const {
  const auto config = sweep_["config"].get<std::string>();
  if (sweep_["config_path"] == "") return printable(config);  // a benchmark's is its command
  std::string settings;
  constexpr std::string_view mark = "# --set ";
  auto lines = split(config, '\n');
  while (!lines.empty() && (lines.back().empty() || lines.back().starts_with(mark))) {
    if (!lines.back().empty())
      settings = " --set " + shell_word(lines.back().substr(mark.size())) + settings;
    else if (!settings.empty())
      break;
    lines.pop_back();
  }
  return printable(fmt::format("archsweep run {}{} --db {}",
                               shell_word(sweep_["config_path"].get<std::string>()), settings,
                               shell_word(database_)));
}

std::string SweepStatus::headline() const {
  if (sweep_.is_null()) return "";
  const auto name = printable(sweep_["name"].get<std::string>(), 60);
  const double age = sweep_["age"].get<double>(), quiet = sweep_["quiet"].get<double>();
  const auto how = state();
  std::string text;
  if (how == "running") {
    text = fmt::format("{} runs since {}, process {}\n", name, runner::clock_in(-age), *writer_);
    text +=
        sweep_["left"].is_null()
            ? "when it ends is not known yet\n"
            : fmt::format("ends about {}, in {}\n", runner::clock_in(sweep_["left"].get<double>()),
                          human_duration(std::max(0.0, sweep_["left"].get<double>())));
  } else if (how == "gone") {
    text = fmt::format("{} was cut off: its scheduler is gone, last seen at {}\n", name,
                       runner::clock_in(-quiet));
  } else {
    text = fmt::format("{}: {} at {}, after {}\n", name, sweep_["outcome"].get<std::string>(),
                       runner::clock_in(-quiet), human_duration(age - quiet));
  }
  if (how == "gone" || (how == "ended" && sweep_["outcome"] != "finished"))
    text += fmt::format("the same command continues: {}\n", command());
  return text + "\n";
}

// A device of another machine with the machine's name.
std::string place(const std::string& host, const std::string& device) {
  static const auto here = [] {
    char name[256] = "";
    ::gethostname(name, sizeof name - 1);
    return std::string(name);
  }();
  return host.empty() || host == here ? device : host + " " + device;
}

// What runs, or ran when the scheduler went; architectures are cut so that a line fits.
Rows SweepStatus::running(std::size_t width) const {
  Rows rows{
      .columns = {"trial", "architecture", "lr", "seed", "device", "pid", "epoch", "top1", "since"},
      .rows = {}};
  for (auto& t : serve::objects(trials("state = 'running'"))) {
    const auto text = [&](const char* key) {
      return t[key].is_string() ? t[key].get<std::string>() : "";
    };
    const auto whole = [&](const char* key) {
      return t[key].is_null() ? results::Value() : results::Value(t[key].get<std::int64_t>());
    };
    const auto rate = t["learning_rate"];
    const auto age = reader_.ask(fmt::format("SELECT (julianday('now') - julianday({})) * 86400",
                                             results::sql_text(text("started_at"))));
    rows.rows.push_back(
        {whole("trial"), text("architecture"),
         rate.is_null() ? results::Value() : results::Value(rate.get<double>()), whole("seed"),
         place(text("host"), text("device")), whole("pid"),
         fmt::format("{}/{}", t["epoch"].is_null() ? 0 : t["epoch"].get<int>(),
                     t["epochs"].is_null() ? 0 : t["epochs"].get<int>()),
         t["top1"].is_null() ? "" : fmt::format("{:.2f} %", 100 * t["top1"].get<double>()),
         runner::clock_in(-results::number_of(age.rows[0][0]))});
  }
  const auto lines = split(results::write_rows(rows, "table"), '\n');
  std::size_t widest = 0, longest = 0;
  for (const auto& line : lines) widest = std::max(widest, line.size());
  for (const auto& row : rows.rows) longest = std::max(longest, results::text_of(row[1]).size());
  if (widest <= width) return rows;
  constexpr std::size_t least = 12;  // the column's name
  const auto most = std::max(least, longest - std::min(longest, widest - width));
  for (auto& row : rows.rows)
    if (auto& name = std::get<std::string>(row[1]); name.size() > most)
      name = name.substr(0, most - 2) + "..";
  return rows;
}

std::string SweepStatus::table(std::size_t width, const std::string& format) const {
  auto out = headline() + results::write_rows(counts(), format);
  const auto section = [&](const char* title, const Rows& rows) {
    if (!rows.rows.empty()) out += fmt::format("\n{}{}", title, results::write_rows(rows, format));
  };
  section(state() == "gone" ? "cut off:\n" : "", running(format == "md" ? 1000 : width));
  section("failed:\n", failures());
  section("tried again:\n", retries());
  section("not used any more:\n", quarantines());
  const auto others = reader_.ask(fmt::format(
      "SELECT group_concat(what, '; ') FROM (SELECT CASE source WHEN 'bench' THEN 'benchmarks' "
      "WHEN 'import' THEN 'imported' ELSE 'other sweeps' END || ': ' || count(*) || ' ' || state "
      "AS what FROM trials t WHERE NOT ({}) AND family != 'canary' GROUP BY source, state)",
      members_));
  if (const auto* line = std::get_if<std::string>(&others.rows[0][0]))
    out += fmt::format("\n{}\n", *line);
  return out;
}

Json SweepStatus::json() const {
  auto of_states = Json::object();
  for (const auto& row : serve::objects(counts()))
    of_states[row["state"].get<std::string>()] = row["trials"];
  auto sweep = sweep_;
  if (!sweep.is_null()) {
    sweep["command"] = command();
    for (const auto* key : {"config", "age", "quiet", "left", "is_latest"}) sweep.erase(key);
  }
  return {{"state", state()},
          {"process", writer_ ? Json(std::atoi(writer_->c_str())) : Json()},
          {"seconds_left", state() == "running" ? sweep_["left"] : Json()},
          {"sweep", sweep},
          {"counts", of_states},
          {"running", serve::objects(trials("state = 'running'"))},
          {"failed", serve::objects(failures())},
          {"retried", serve::objects(retries())},
          {"quarantines", serve::objects(quarantines())}};
}

int show(Options o) {
  double apart = 2;
  if (o.watches && !o.watch.empty()) {
    auto seconds = parse_duration(o.watch);
    if (!seconds) seconds = parse_duration(o.watch + "s");
    const bool is_path = !seconds && o.database.empty();  // `--watch pets.db`
    if (is_path) o.database = o.watch;
    if (!is_path && (!seconds || *seconds < 0.1))
      throw Error(fmt::format("--watch {}: expected seconds, such as 5", printable(o.watch, 80)));
    apart = seconds.value_or(apart);
  }
  const auto database = find_database(o.database);
  const bool redraws = ::isatty(STDOUT_FILENO);
  for (bool is_first = true;; is_first = false) {
    const Reader reader(database);
    const SweepStatus status(reader, database, o.sweep);
    std::string text;
    if (o.format == "csv")
      text = results::write_rows(status.trials(), o.format);
    else if (o.format == "json")
      text = status.json().dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
    else
      text = status.table(redraws ? terminal_width(stdout) : 1000, o.format);
    const auto* before = !o.watches ? "" : redraws ? "\x1b[H\x1b[2J" : is_first ? "" : "\n";
    fmt::print("{}{}", before, text);
    std::fflush(stdout);
    if (!o.watches || !status.has_writer()) return 0;
    std::this_thread::sleep_for(std::chrono::duration<double>(apart));
  }
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_database_options(app, *o);
  auto* watch = app.add_option("--watch", o->watch,
                               "Show it again every so many seconds (2) until the sweep has ended")
                    ->expected(0, 1)
                    ->type_name("[SECONDS]");
  app.add_option("--sweep", o->sweep, "Number of an earlier sweep (SELECT sweep, name FROM sweeps)")
      ->check(CLI::PositiveNumber);
  return [o, watch] {
    o->watches = watch->count() > 0;
    return show(*o);
  };
}

}  // namespace

extern const Command status_command;
const Command status_command{
    "status", "How a sweep stands, also while it runs: what runs where, what failed, when it ends",
    "  archsweep status quickstart.db\n"
    "  archsweep status quickstart.db --watch 5\n"
    "  archsweep status quickstart.db --sweep 1\n"
    "  archsweep status --format json     for programs; csv: a row a trial\n",
    declare};

}  // namespace archsweep::cli
