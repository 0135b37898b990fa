#include "results/merge.h"

#include <set>
#include <string>
#include <vector>

#include <SQLiteCpp/Backup.h>

#include "results/store_database.h"
#include "runner/support/temporary_folder.h"

namespace archsweep::results {
namespace {

namespace fs = std::filesystem;

// A copy of the database, brought to this version, that is gone at the end.
class Copy {
 public:
  explicit Copy(const fs::path& of) {
    try {
      SQLite::Database source(of.string(), SQLite::OPEN_READONLY, /*busy ms=*/10000);
      check_is_ours(source, of);
      SQLite::Database target(path().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
      SQLite::Backup(target, source).executeStep();
    } catch (const SQLite::Exception& e) {
      throw explain(e, of);
    }
    const Store migrated(path());
  }
  fs::path path() const { return folder_.path() / "copy.db"; }

 private:
  TemporaryFolder folder_{"archsweep-merge"};
};

// What a trial is known by, in either schema.
std::string key_in(const std::string& schema) {
  return fmt::format(
      "iif(t.source = 'bench' AND instr(t.fingerprint, '@') = 0, t.fingerprint || '@' || "
      "coalesce((SELECT min(started_at) FROM "
      "{}.attempts a WHERE a.trial = t.trial), ''), t.fingerprint)",
      schema);
}

class Merging {
 public:
  explicit Merging(SQLite::Database& sqlite) : sqlite_(sqlite) {}

  Merged run() {
    map_environments();
    map_trials();
    map_attempts();
    Merged merged{.trials = count("SELECT count(*) FROM trial_map WHERE is_new"),
                  .results = count("SELECT count(*) FROM trial_map JOIN src.results r ON r.trial = "
                                   "old WHERE takes"),
                  .duplicates = count("SELECT count(*) FROM trial_map m JOIN src.results r ON "
                                      "r.trial = old WHERE NOT takes AND NOT is_same")};
    for (const auto* table : {"epochs", "measurements", "parameters", "curves"})
      copy(table, {}, "JOIN attempt_map m ON (t.trial, t.attempt) = (m.old_trial, m.old_attempt)",
           attempt_columns);
    exec("DELETE FROM main.results WHERE trial IN (SELECT new FROM trial_map WHERE takes)");
    copy("results", {"accuracy_number", "speed_number", "experiment_number", "comparison"},
         "JOIN trial_map tm ON tm.old = t.trial AND tm.takes LEFT JOIN attempt_map m ON (t.trial, "
         "t.attempt) = (m.old_trial, m.old_attempt)",
         {{"trial", "tm.new"}, {"attempt", "m.new_attempt"}});
    exec(
        "UPDATE main.trials SET (state, attempt) = (SELECT iif(t.state IN ('running', 'paused'), "
        "'planned', t.state), m.new_attempt FROM trial_map tm JOIN src.trials t ON t.trial = "
        "tm.old LEFT JOIN attempt_map m ON (m.old_trial, m.old_attempt) = (t.trial, t.attempt) "
        "WHERE tm.new = trials.trial) WHERE trial IN (SELECT new FROM trial_map WHERE takes)");
    copy("comparability_keys");
    for (const auto* table : {"preflights", "lr_finds"})
      copy(table, {}, "JOIN environment_map e ON e.old = t.environment",
           {{"environment", "e.new"}});
    merged.sweeps = sweeps();
    merged.imports = imports();
    return merged;
  }

 private:
  // A column and what it gets in place of its value.
  using Replaced = std::vector<std::pair<std::string, std::string>>;
  const Replaced attempt_columns{{"trial", "m.new_trial"}, {"attempt", "m.new_attempt"}};

  void exec(const std::string& sql) { sqlite_.exec(sql); }
  int count(const std::string& sql) { return sqlite_.execAndGet(sql).getInt(); }

  // Rows of src's table `t`, by all columns but those left out; what is there already stays.
  int copy(const std::string& table, const std::set<std::string>& without = {},
           const std::string& join = "", const Replaced& replaced = {}) {
    std::string columns, values;
    SQLite::Statement info(sqlite_, fmt::format("PRAGMA main.table_info({})", table));
    while (info.executeStep()) {
      const auto name = info.getColumn(1).getString();
      if (without.contains(name)) continue;
      std::string value = "t." + name;
      for (const auto& [column, other] : replaced)
        if (column == name) value = other;
      columns += (columns.empty() ? "" : ", ") + name;
      values += (values.empty() ? "" : ", ") + value;
    }
    return sqlite_.exec(
        fmt::format("INSERT OR IGNORE INTO main.{0} ({1}) SELECT {2} FROM src.{0} t {3}", table,
                    columns, values, join));
  }

  void map_environments() {
    const std::string same =
        "(a.device, a.device_name, a.driver, a.torch, a.archsweep, a.threads, a.host, a.os) = "
        "(b.device, b.device_name, b.driver, b.torch, b.archsweep, b.threads, b.host, b.os)";
    copy("environments", {"environment"});
    exec(
        "CREATE TEMP TABLE environment_map AS SELECT a.environment AS old, b.environment AS new "
        "FROM src.environments a JOIN main.environments b ON " +
        same);
  }

  // takes: what came of it there counts here.
  void map_trials() {
    exec(fmt::format(
        "CREATE TEMP TABLE known AS SELECT t.trial, {} AS key, t.state FROM main.trials t",
        key_in("main")));
    exec(fmt::format(
        "CREATE TEMP TABLE theirs AS SELECT t.trial, {} AS key, t.state FROM src.trials t",
        key_in("src")));
    exec("CREATE INDEX temp.known_by_key ON known (key)");
    // A benchmark of another machine may have had the same name.
    exec(
        "CREATE TEMP TABLE added AS SELECT k.trial, k.state, iif(t.fingerprint IN (SELECT "
        "fingerprint FROM main.trials), k.key, t.fingerprint) AS fingerprint FROM theirs k JOIN "
        "src.trials t USING (trial) WHERE k.key NOT IN (SELECT key FROM known)");
    copy("trials", {"trial", "attempt"}, "JOIN added a ON a.trial = t.trial",
         {{"fingerprint", "a.fingerprint"}, {"state", "'planned'"}});
    exec(
        "CREATE TEMP TABLE trial_map AS SELECT a.trial AS old, t.trial AS new, 1 AS is_new, "
        "a.state IN ('done', 'failed') AS takes, 0 AS is_same FROM added a JOIN main.trials t "
        "USING (fingerprint) UNION ALL SELECT k.trial, o.trial, 0, iif(k.state = 'done', o.state "
        "!= 'done', k.state = 'failed' AND o.state = 'planned'), 0 FROM theirs k JOIN known o "
        "USING (key)");
    // The very same result, from an earlier merge: no duplicate.
    exec(
        "UPDATE trial_map SET is_same = 1 WHERE EXISTS (SELECT 1 FROM src.results a JOIN "
        "main.results b ON a.trial = old AND b.trial = new AND a.finished_at IS b.finished_at AND "
        "a.top1 IS b.top1 AND a.latency IS b.latency)");
  }

  // Of a trial that is finished here the attempts there are another story.
  void map_attempts() {
    exec(
        "CREATE TEMP TABLE attempt_map AS SELECT a.trial AS old_trial, a.attempt AS old_attempt, "
        "m.new AS new_trial, (SELECT coalesce(max(attempt), 0) FROM main.attempts b WHERE b.trial "
        "= m.new) + row_number() OVER (PARTITION BY m.new ORDER BY a.attempt) AS new_attempt "
        "FROM src.attempts a JOIN trial_map m ON m.old = a.trial WHERE (m.takes OR m.new NOT IN "
        "(SELECT trial FROM main.trials WHERE state = 'done')) AND NOT EXISTS (SELECT 1 FROM "
        "main.attempts b WHERE b.trial = m.new AND (b.started_at, b.device, b.journal) = "
        "(a.started_at, a.device, a.journal))");
    copy("attempts", {},
         "JOIN attempt_map m ON (t.trial, t.attempt) = (m.old_trial, m.old_attempt) LEFT JOIN "
         "environment_map e ON e.old = t.environment",
         {{"trial", "m.new_trial"},
          {"attempt", "m.new_attempt"},
          {"environment", "e.new"},
          {"pid", "NULL"},
          {"outcome", "coalesce(t.outcome, 'released')"}});
    // Attempts that came with an earlier merge: results may name them.
    exec(
        "INSERT INTO attempt_map SELECT a.trial, a.attempt, b.trial, b.attempt FROM src.attempts a "
        "JOIN trial_map m ON m.old = a.trial JOIN main.attempts b ON b.trial = m.new AND "
        "(b.started_at, b.device, b.journal) = (a.started_at, a.device, a.journal) WHERE (a.trial, "
        "a.attempt) NOT IN (SELECT old_trial, old_attempt FROM attempt_map)");
  }

  int sweeps() {
    const std::string same =
        "(b.name, b.config_path, b.started_at) = (t.name, t.config_path, "
        "t.started_at)";
    const int added = copy("sweeps", {"sweep"},
                           "WHERE NOT EXISTS (SELECT 1 FROM main.sweeps b WHERE " + same + ")");
    exec(
        "CREATE TEMP TABLE sweep_map AS SELECT t.sweep AS old, b.sweep AS new FROM src.sweeps t "
        "JOIN main.sweeps b ON " +
        same);
    copy("sweep_trials", {},
         "JOIN sweep_map s ON s.old = t.sweep JOIN trial_map m ON m.old = t.trial",
         {{"sweep", "s.new"}, {"trial", "m.new"}});
    copy("quarantines", {}, "JOIN sweep_map s ON s.old = t.sweep", {{"sweep", "s.new"}});
    return added;
  }

  int imports() {
    exec(
        "CREATE TEMP TABLE new_imports AS SELECT import, sha256 FROM src.imports WHERE sha256 NOT "
        "IN (SELECT sha256 FROM main.imports)");
    const int added =
        copy("imports", {"import"}, "WHERE t.import IN (SELECT import FROM new_imports)");
    for (const auto* table : {"published_accuracies", "published_speeds"})
      copy(table, {},
           "JOIN new_imports n ON n.import = t.import JOIN main.imports i ON i.sha256 = n.sha256",
           {{"import", "i.import"}});
    return added;
  }

  SQLite::Database& sqlite_;
};

}  // namespace

Merged merge(const fs::path& from, const fs::path& into) {
  std::error_code none;
  if (!fs::exists(from, none)) throw Error(fmt::format("{}: no such file", from.string()));
  if (file_id(from) == file_id(into))
    throw Error(fmt::format("{}: is {} itself; name another", from.string(), into.string()));
  if (const auto writer = writer_of(from))
    throw Error(fmt::format("{}: process {} is writing to it; merge it when that has ended",
                            from.string(), *writer),
                Exit::environment);
  const Copy source(from);
  const Store target(into);  // holds the writer's lock; has made the tables
  try {
    SQLite::Database sqlite(into.string(), SQLite::OPEN_READWRITE, /*busy ms=*/10000);
    SQLite::Statement attach(sqlite, "ATTACH ? AS src");
    attach.bind(1, source.path().string());
    attach.exec();
    SQLite::Transaction transaction(sqlite, SQLite::TransactionBehavior::IMMEDIATE);
    const auto merged = Merging(sqlite).run();
    transaction.commit();
    return merged;
  } catch (const SQLite::Exception& e) {
    throw explain(e, into);
  }
}

}  // namespace archsweep::results
