#include "results/store.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/learning_rate.h"
#include "results/schema.h"
#include "results/statistics.h"
#include "results/store_database.h"

namespace archsweep::results {
Store::Store(const std::filesystem::path& database) {
  try {
    db_ = std::make_unique<Database>(database);
    auto& sqlite = db_->sqlite;
    check_is_ours(sqlite, database);
    sqlite.exec("PRAGMA journal_mode = WAL");
    sqlite.exec("PRAGMA synchronous = FULL");  // but in quick_transaction()
    for (auto version = static_cast<std::size_t>(sqlite.execAndGet("PRAGMA user_version").getInt());
         version < migrations().size(); ++version)
      db_->transaction([&] {
        sqlite.exec(migrations()[version]);
        sqlite.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}",
                                application_id, version + 1));
      });
    sqlite.exec("PRAGMA foreign_keys = ON");  // after the migrations, which replace tables
  } catch (const SQLite::Exception& e) {
    throw explain(e, database);
  }
}

Store::~Store() = default;

SweepId Store::begin_sweep(std::string_view name, std::string_view config_path,
                           std::string_view config) {
  return db_->transaction([&] {
    db_->run(
        fmt::format(
            "INSERT INTO sweeps (name, config_path, config, started_at) VALUES (?, ?, ?, {})", now),
        name, config_path, config);
    return SweepId(db_->sqlite.getLastInsertRowid());
  });
}

void Store::end_sweep(SweepId sweep, std::string_view outcome) {
  db_->transaction([&] {
    db_->run(fmt::format("UPDATE sweeps SET ended_at = {}, outcome = ? WHERE sweep = ?", now),
             outcome, sweep);
  });
}

void Store::see_sweep(SweepId sweep, double seconds_left) {
  db_->quick_transaction([&] {
    db_->run(fmt::format("UPDATE sweeps SET seen_at = {}, expected_end = "
                         "strftime('%Y-%m-%dT%H:%M:%fZ', 'now', ? || ' seconds') WHERE sweep = ?",
                         now),
             seconds_left, sweep);
  });
}

std::vector<PlannedRow> Store::plan(SweepId sweep, std::span<const NewTrial> trials) {
  return db_->transaction([&] {
    std::vector<PlannedRow> rows;
    auto count = db_->statement("SELECT count(*) FROM sweep_trials WHERE sweep = ?", sweep);
    count.executeStep();
    std::int64_t position = count.getColumn(0).getInt64();  // a later rung comes after the first
    for (const auto& t : trials) {
      db_->run(
          "INSERT INTO trials (fingerprint, source, architecture, tag, family, dataset, "
          "learning_rate, seed, epochs, image_size, recipe_hash, spec) "
          "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, iif(?2 = 'bench', NULL, ?8), ?9, ?10, ?11, ?12) "
          "ON CONFLICT (fingerprint) DO NOTHING",  // a benchmark has no seed that counts
          t.fingerprint, t.source, t.architecture, t.tag, t.family, t.dataset, t.learning_rate,
          t.seed, t.epochs, t.image_size, t.recipe_hash, t.spec);
      rows.push_back(*find(t.fingerprint));
      db_->run("INSERT INTO sweep_trials (sweep, position, trial) VALUES (?, ?, ?)", sweep,
               position++, rows.back().id);
    }
    return rows;
  });
}

int Store::start(TrialId trial, std::string_view device, std::string_view journal) {
  return db_->quick_transaction([&] {
    auto last =
        db_->statement("SELECT coalesce(max(attempt), 0) FROM attempts WHERE trial = ?", trial);
    last.executeStep();
    const int attempt = last.getColumn(0).getInt() + 1;
    db_->run(fmt::format("INSERT INTO attempts (trial, attempt, started_at, device, journal) "
                         "VALUES (?, ?, {}, ?, ?)",
                         now),
             trial, attempt, device, journal);
    db_->run("UPDATE trials SET state = 'running' WHERE trial = ?", trial);
    return attempt;
  });
}

void Store::set_environment(TrialId trial, int attempt, const Environment& e) {
  db_->quick_transaction([&] {
    db_->run("UPDATE attempts SET environment = ? WHERE trial = ? AND attempt = ?",
             db_->environment_id(e), trial, attempt);
  });
}

void Store::set_pid(TrialId trial, int attempt, int pid) {
  db_->quick_transaction([&] {
    db_->run("UPDATE attempts SET pid = ? WHERE trial = ? AND attempt = ?", pid, trial, attempt);
  });
}

void Store::set_slurm_task(TrialId trial, int attempt, std::string_view task) {
  db_->quick_transaction([&] {
    db_->run("UPDATE attempts SET slurm_task = ? WHERE trial = ? AND attempt = ?", task, trial,
             attempt);
  });
}

void Store::add_epoch(TrialId trial, int attempt, const Epoch& e) {
  db_->quick_transaction([&] {
    db_->run(
        "INSERT INTO epochs (trial, attempt, epoch, train_loss, train_top1, valid_loss, "
        "valid_top1, valid_top5, plain_top1, "
        "learning_rate, seconds, valid_seconds, samples_per_second, data_wait_share) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        trial, attempt, e.number, e.train_loss, e.train_top1, e.valid_loss, e.valid_top1,
        e.valid_top5, e.plain_top1, e.learning_rate, e.seconds, e.valid_seconds,
        e.samples_per_second, e.data_wait_share);
  });
}

void Store::add_measurement(TrialId trial, int attempt, const Measurement& m) {
  db_->quick_transaction([&] {
    const double p50 = median(m.seconds);
    const auto interval = bootstrap_median(std::span(&m.seconds, 1));
    db_->run(
        "INSERT INTO measurements (trial, attempt, kind, batch_size, dtype, layout, image_size, "
        "protocol, p50, p90, p99, mad, low, high, samples_per_second, conditions, seconds) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        trial, attempt, m.kind, m.batch_size, m.dtype, m.layout, m.image_size, m.protocol, p50,
        quantile(m.seconds, 0.9), quantile(m.seconds, 0.99), median_absolute_deviation(m.seconds),
        interval.low, interval.high, m.batch_size / p50, m.conditions,
        nlohmann::json(m.seconds).dump());
  });
}

void Store::fail(TrialId trial, int attempt, const Failure& failure) {
  db_->transaction([&] {
    db_->run("UPDATE trials SET state = 'failed', attempt = ? WHERE trial = ?", attempt, trial);
    db_->keep_done(trial);
    db_->end_attempt(trial, attempt, "failed", &failure);
  });
}

void Store::pause(TrialId trial, int attempt, std::string_view reason) {
  db_->transaction([&] {
    db_->run("UPDATE trials SET state = 'paused' WHERE trial = ?", trial);
    db_->end_attempt(trial, attempt, "paused", nullptr);
    db_->run("UPDATE attempts SET message = ? WHERE trial = ? AND attempt = ?", reason, trial,
             attempt);
  });
}

void Store::explain_pause(TrialId trial, std::string_view reason) {
  db_->transaction([&] {
    db_->run(
        "UPDATE attempts SET message = ? WHERE trial = ? AND attempt = (SELECT max(attempt) "
        "FROM attempts a WHERE a.trial = attempts.trial) AND outcome = 'paused'",
        reason, trial);
  });
}

void Store::release(TrialId trial, int attempt, const Failure& failure) {
  db_->transaction([&] {
    db_->run("UPDATE trials SET state = 'planned' WHERE trial = ?", trial);
    db_->keep_done(trial);
    db_->end_attempt(trial, attempt, "released", &failure);
  });
}

void Store::retry(TrialId trial, int attempt, const Failure& failure) {
  db_->transaction([&] {
    db_->run("UPDATE trials SET state = 'planned' WHERE trial = ?", trial);
    db_->end_attempt(trial, attempt, "retried", &failure);
  });
}

int Store::retried(TrialId trial, Cause cause) const {
  auto row = db_->statement(
      "SELECT count(*) FROM attempts WHERE trial = ?1 AND outcome = 'retried' AND cause = ?2 AND "
      "attempt > (SELECT coalesce(max(attempt), 0) FROM attempts WHERE trial = ?1 AND outcome = "
      "'failed')",
      trial, name(cause));
  row.executeStep();
  return row.getColumn(0).getInt();
}

void Store::quarantine(SweepId sweep, std::string_view device, std::string_view message) {
  db_->transaction([&] {
    db_->run(fmt::format("INSERT OR REPLACE INTO quarantines (sweep, device, since, message) "
                         "VALUES (?, ?, {}, ?)",
                         now),
             sweep, device, message);
  });
}

void Store::acquit(TrialId trial) {
  db_->transaction([&] {
    db_->run("UPDATE trials SET state = 'planned' WHERE trial = ? AND state = 'failed'", trial);
    db_->run(
        "UPDATE attempts SET outcome = 'released' WHERE trial = ?1 AND outcome IN ('failed', "
        "'retried') AND attempt = (SELECT max(attempt) FROM attempts WHERE trial = ?1)",
        trial);
  });
}

std::optional<PlannedRow> Store::find(std::string_view fingerprint) const {
  auto row = db_->statement(
      "SELECT trial, state, (SELECT count(*) FROM attempts a WHERE a.trial = t.trial) "
      "FROM trials t WHERE fingerprint = ?",
      fingerprint);
  if (!row.executeStep()) return std::nullopt;
  return PlannedRow{TrialId(row.getColumn(0).getInt64()), std::string(fingerprint),
                    trial_state(row.getColumn(1).getString()), row.getColumn(2).getInt()};
}

std::vector<Store::Spec> Store::tried_specs() const {
  std::vector<Spec> all;
  auto rows = db_->statement(
      "SELECT trial, fingerprint, spec FROM trials WHERE source = 'sweep' AND "
      "EXISTS (SELECT 1 FROM attempts WHERE trial = trials.trial)");
  while (rows.executeStep())
    all.push_back({TrialId(rows.getColumn(0).getInt64()), rows.getColumn(1).getString(),
                   rows.getColumn(2).getString()});
  return all;
}

Reached Store::reached(TrialId trial) const {
  Reached result;
  // An attempt that goes on tells the epochs before it again; one that began anew has no others.
  auto rows = db_->statement(
      "SELECT epoch, valid_top1, seconds + coalesce(valid_seconds, 0) FROM epochs WHERE trial = ?1 "
      "AND attempt = (SELECT max(attempt) FROM epochs WHERE trial = ?1) ORDER BY epoch",
      trial);
  while (rows.executeStep() &&
         rows.getColumn(0).getInt() == static_cast<int>(result.top1.size()) + 1) {
    result.top1.push_back(rows.getColumn(1).getDouble());
    result.seconds += rows.getColumn(2).getDouble();
  }
  return result;
}

std::optional<CandidateCost> Store::preflight(std::string_view key, const Environment& e) const {
  auto row = db_->statement(
      "SELECT train_step_seconds, latency, train_memory_bytes, checkpoint_bytes FROM preflights "
      "JOIN environments USING (environment) WHERE key = ? AND (device, device_name, driver, "
      "torch, archsweep, threads, host, os) = (?, ?, ?, ?, ?, ?, ?, ?)",
      key, e.device, e.device_name, e.driver, e.torch, e.archsweep, e.threads, e.host, e.os);
  if (!row.executeStep()) return std::nullopt;
  const auto number = [&](int i) {
    return row.getColumn(i).isNull() ? not_measured : row.getColumn(i).getDouble();
  };
  return CandidateCost{number(0), number(1), number(2), number(3)};
}

void Store::add_preflight(std::string_view key, const Environment& e, const CandidateCost& cost) {
  db_->transaction([&] {
    db_->run(fmt::format("INSERT OR REPLACE INTO preflights VALUES (?, ?, ?, ?, ?, ?, {})", now),
             key, db_->environment_id(e), cost.train_step_seconds, cost.latency,
             cost.train_memory_bytes, cost.checkpoint_bytes);
  });
}

void Store::set_aside(TrialId trial, int attempt, std::string_view why) {
  db_->transaction([&] {
    db_->run(
        "UPDATE attempts SET outcome = 'released', message = ? WHERE trial = ? AND attempt = ?",
        why, trial, attempt);
  });
}

void Store::end_visit(TrialId trial, int attempt) {
  db_->transaction([&] {
    db_->run("UPDATE trials SET state = 'done', attempt = ? WHERE trial = ?", attempt, trial);
    db_->end_attempt(trial, attempt, "done", nullptr);
  });
}

void Store::add_lr_find(std::string_view key, const Environment& environment,
                        std::string_view architecture, const RateSweep& sweep) {
  double rules[4] = {not_measured, not_measured, not_measured, not_measured};
  const auto suggested = suggest_rates(sweep);
  for (std::size_t i = 0; i < suggested.size(); ++i) rules[i] = suggested[i].second;
  db_->transaction([&] {
    db_->run(fmt::format("INSERT OR REPLACE INTO lr_finds (key, environment, architecture, valley, "
                         "steep, minimum, slide, rates, losses, found_at) VALUES (?, ?, ?, ?, ?, "
                         "?, ?, ?, ?, {})",
                         now),
             key, db_->environment_id(environment), architecture, rules[0], rules[1], rules[2],
             rules[3], nlohmann::json(sweep.rates).dump(), nlohmann::json(sweep.losses).dump());
  });
}

std::vector<std::pair<std::string, double>> Store::lr_find(std::string_view key) const {
  std::vector<std::pair<std::string, double>> suggested;
  auto row = db_->statement(
      "SELECT valley, steep, minimum, slide FROM lr_finds WHERE key = ? ORDER BY found_at DESC",
      key);
  if (!row.executeStep()) return suggested;
  for (int i = 0; i < row.getColumnCount(); ++i)
    if (!row.getColumn(i).isNull())
      suggested.emplace_back(row.getColumnName(i), row.getColumn(i).getDouble());
  return suggested;
}

std::vector<Store::Unfinished> Store::unfinished() const {
  std::vector<Unfinished> all;
  auto rows = db_->statement(
      "SELECT trial, attempt, journal, coalesce(pid, 0) FROM attempts WHERE outcome IS NULL "
      "ORDER "
      "BY trial, attempt");
  while (rows.executeStep())
    all.push_back({TrialId(rows.getColumn(0).getInt64()), rows.getColumn(1).getInt(),
                   rows.getColumn(2).getString(), rows.getColumn(3).getInt()});
  return all;
}

}  // namespace archsweep::results
