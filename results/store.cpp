#include "results/store.h"

#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/database.h"
#include "results/lock.h"
#include "results/schema.h"
#include "results/statistics.h"
#include "runner/support/hash.h"

namespace archsweep::results {
namespace {

constexpr const char* now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

void bind_one(SQLite::Statement& s, int i, double v) {
  std::isnan(v) ? s.bind(i) : s.bind(i, v);
}
void bind_one(SQLite::Statement& s, int i, int v) {
  s.bind(i, v);
}
void bind_one(SQLite::Statement& s, int i, std::int64_t v) {
  s.bind(i, v);
}
void bind_one(SQLite::Statement& s, int i, std::uint64_t v) {
  s.bind(i, static_cast<std::int64_t>(v));
}
void bind_one(SQLite::Statement& s, int i, std::string_view v) {
  s.bind(i, std::string(v));
}
void bind_one(SQLite::Statement& s, int i, TrialId v) {
  s.bind(i, static_cast<std::int64_t>(v));
}
void bind_one(SQLite::Statement& s, int i, SweepId v) {
  s.bind(i, static_cast<std::int64_t>(v));
}

std::string short_hash(std::string_view text) {
  return sha256(text).substr(0, 12);
}

}  // namespace

struct Store::Database {
  std::filesystem::path path;
  WriterLock lock;
  SQLite::Database sqlite;

  explicit Database(const std::filesystem::path& p)
      : path(p),
        lock(p),
        sqlite(p.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, /*busy ms=*/10000) {}

  template <typename... Values>
  SQLite::Statement statement(const std::string& sql, const Values&... values) {
    SQLite::Statement s(sqlite, sql);
    int i = 0;
    (bind_one(s, ++i, values), ...);
    return s;
  }

  template <typename... Values>
  void run(const std::string& sql, const Values&... values) {
    statement(sql, values...).exec();
  }

  // One transaction; SQLite's refusals become Errors.
  template <typename Work>
  auto transaction(Work&& work) {
    try {
      SQLite::Transaction t(sqlite, SQLite::TransactionBehavior::IMMEDIATE);
      if constexpr (std::is_void_v<decltype(work())>) {
        work();
        t.commit();
      } else {
        auto result = work();
        t.commit();
        return result;
      }
    } catch (const SQLite::Exception& e) {
      throw explain(e, path);
    }
  }

  std::int64_t environment_id(const Environment& e) {
    const std::string columns = "device, device_name, driver, torch, archsweep, threads, host, os";
    run("INSERT INTO environments (" + columns +
            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        e.device, e.device_name, e.driver, e.torch, e.archsweep, e.threads, e.host, e.os);
    auto row = statement(
        "SELECT environment FROM environments WHERE (" + columns + ") = (?, ?, ?, ?, ?, ?, ?, ?)",
        e.device, e.device_name, e.driver, e.torch, e.archsweep, e.threads, e.host, e.os);
    row.executeStep();
    return row.getColumn(0).getInt64();
  }

  // A benchmark that has a result keeps it, whatever becomes of a later visit.
  void keep_done(TrialId trial) {
    run("UPDATE trials SET (state, attempt) = (SELECT 'done', attempt FROM results r WHERE r.trial "
        "= trials.trial) WHERE trial = ? AND trial IN (SELECT trial FROM results)",
        trial);
  }

  void end_attempt(TrialId trial, int attempt, std::string_view outcome, const Failure* failure) {
    run(fmt::format(
            "UPDATE attempts SET ended_at = coalesce(ended_at, {}), outcome = coalesce(outcome, ?) "
            "WHERE trial = ? AND attempt = ?",
            now),
        outcome, trial, attempt);
    if (failure)
      run("UPDATE attempts SET cause = ?, message = ?, stderr_tail = ? WHERE trial = ? AND attempt "
          "= ?",
          name(failure->cause), failure->message, failure->stderr_tail, trial, attempt);
  }
};

Store::Store(const std::filesystem::path& database) {
  try {
    db_ = std::make_unique<Database>(database);
    auto& sqlite = db_->sqlite;
    check_is_ours(sqlite, database);
    sqlite.exec("PRAGMA journal_mode = WAL");
    sqlite.exec("PRAGMA synchronous = FULL");  // a power cut loses at most the call in flight
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
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO NOTHING",
          t.fingerprint, t.source, t.architecture, t.tag, t.family, t.dataset, t.learning_rate,
          t.seed, t.epochs, t.image_size, t.recipe_hash, t.spec);
      auto row = db_->statement(
          "SELECT trial, state, (SELECT count(*) FROM attempts a WHERE a.trial = t.trial) FROM "
          "trials t "
          "WHERE fingerprint = ?",
          t.fingerprint);
      row.executeStep();
      rows.push_back({TrialId(row.getColumn(0).getInt64()), t.fingerprint,
                      trial_state(row.getColumn(1).getString()), row.getColumn(2).getInt()});
      db_->run("INSERT INTO sweep_trials (sweep, position, trial) VALUES (?, ?, ?)", sweep,
               position++, rows.back().id);
    }
    return rows;
  });
}

int Store::start(TrialId trial, std::string_view device, std::string_view journal) {
  return db_->transaction([&] {
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
  db_->transaction([&] {
    db_->run("UPDATE attempts SET environment = ? WHERE trial = ? AND attempt = ?",
             db_->environment_id(e), trial, attempt);
  });
}

void Store::set_pid(TrialId trial, int attempt, int pid) {
  db_->transaction([&] {
    db_->run("UPDATE attempts SET pid = ? WHERE trial = ? AND attempt = ?", pid, trial, attempt);
  });
}

void Store::add_epoch(TrialId trial, int attempt, const Epoch& e) {
  db_->transaction([&] {
    db_->run(
        "INSERT INTO epochs (trial, attempt, epoch, train_loss, train_top1, valid_loss, "
        "valid_top1, valid_top5, "
        "learning_rate, seconds, valid_seconds, samples_per_second, data_wait_share) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        trial, attempt, e.number, e.train_loss, e.train_top1, e.valid_loss, e.valid_top1,
        e.valid_top5, e.learning_rate, e.seconds, e.valid_seconds, e.samples_per_second,
        e.data_wait_share);
  });
}

void Store::add_measurement(TrialId trial, int attempt, const Measurement& m) {
  db_->transaction([&] {
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

void Store::finish(TrialId trial, int attempt, const Summary& s) {
  db_->transaction([&] {
    auto about = db_->statement(
        "SELECT t.recipe_hash, t.image_size, coalesce(e.device_name, ''), coalesce(e.driver, ''), "
        "coalesce(e.torch, ''), coalesce(e.threads, 0), coalesce((SELECT max(protocol) FROM "
        "measurements m WHERE (m.trial, m.attempt) = (a.trial, a.attempt)), 0), t.dataset, "
        "t.epochs, t.source "
        "FROM trials t JOIN attempts a USING (trial) LEFT JOIN environments e USING (environment) "
        "WHERE a.trial = ? AND a.attempt = ?",
        trial, attempt);
    if (!about.executeStep()) throw Error("the database has no such attempt", Exit::environment);
    const auto text = [&](int i) { return about.getColumn(i).getString(); };
    const auto device_name = text(2);
    // Hashed, and told in words: what an old database has of them must not change.
    const auto key = [&](const std::string& hashed, const std::string& description) {
      const auto hash = short_hash(hashed);
      db_->run(
          "INSERT INTO comparability_keys (key, description) VALUES (?, ?) ON CONFLICT DO NOTHING",
          hash, description);
      return hash;
    };
    const auto speed_key =
        key(fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", device_name, text(3), text(4), s.dtype, s.layout,
                        text(1), text(5), text(6)),
            fmt::format("{}, {}, {}, {} px, {} threads, LibTorch {}, timing protocol {}",
                        device_name + (text(3).empty() ? "" : ", " + text(3)), s.dtype, s.layout,
                        text(1), text(5), text(4), text(6)));
    // A benchmark tells no accuracy.
    const auto accuracy_key =
        text(9) == "bench"
            ? ""
            : key(s.split_hash + "|" + text(0),
                  fmt::format(
                      "{}, {} training and {} validation images, {} px, {} epochs, recipe {}",
                      text(7), s.train_samples, s.valid_samples, text(1), text(8),
                      text(0).substr(0, 6)));
    db_->run("DELETE FROM results WHERE trial = ?", trial);
    db_->run(
        "INSERT INTO results (trial, attempt, source, experiment, architecture, tag, family, "
        "dataset, learning_rate, seed, epochs, image_size, train_memory_bytes, "
        "inference_memory_bytes, parameters, macs, activations, classes, train_samples, "
        "valid_samples, dtype, layout, split_hash, device_name, micro_batch, speed_key, "
        "accuracy_key, finished_at) "
        "SELECT trial, ?, source, printf('%s|%s|%.17g', architecture, tag, learning_rate), "
        "architecture, tag, family, dataset, learning_rate, seed, epochs, image_size, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " +
            std::string(now) + " FROM trials WHERE trial = ?",
        attempt, s.train_memory_bytes, s.inference_memory_bytes, s.parameters, s.macs,
        s.activations, s.classes, s.train_samples, s.valid_samples, s.dtype, s.layout, s.split_hash,
        device_name, s.micro_batch, speed_key, accuracy_key, trial);
    // From the rows of the attempt: its last epoch, its timings.
    db_->run(
        "UPDATE results SET (top1, top5, valid_loss, train_loss, train_throughput) = (SELECT "
        "valid_top1, valid_top5, valid_loss, train_loss, samples_per_second FROM epochs e WHERE "
        "e.trial = results.trial AND e.attempt = results.attempt ORDER BY epoch DESC LIMIT 1), "
        "(train_seconds, fit_time, data_wait_share) = (SELECT sum(seconds), "
        "sum(seconds + coalesce(valid_seconds, 0)), "
        "sum(data_wait_share * seconds) / sum(seconds) FROM epochs e WHERE e.trial = results.trial "
        "AND e.attempt = results.attempt) WHERE trial = ?",
        trial);
    db_->end_attempt(trial, attempt, "done", nullptr);
    add_speeds(trial, attempt);
    db_->run("UPDATE trials SET state = 'done', attempt = ? WHERE trial = ?", attempt, trial);
  });
}

std::vector<Pooled> Store::pooled(TrialId trial, int attempt) const {
  auto rows = db_->statement(
      "SELECT m.kind, m.batch_size, m.image_size, m.seconds FROM measurements m "
      "JOIN attempts a USING (trial, attempt) JOIN trials t USING (trial) WHERE m.trial = ? AND "
      "(m.attempt = ? OR t.source = 'bench') AND a.outcome IN ('done', 'failed') "
      "ORDER BY m.kind, m.batch_size, m.attempt",
      trial, attempt);
  std::vector<Pooled> all;
  std::vector<std::vector<double>> rounds;
  const auto close = [&] {
    if (all.empty()) return;
    auto& p = all.back();
    std::vector<double> samples;
    for (const auto& round : rounds) samples.insert(samples.end(), round.begin(), round.end());
    p.rounds = static_cast<int>(rounds.size());
    p.samples = samples.size();
    p.p50 = median(samples);
    p.p90 = quantile(samples, 0.9);
    p.p99 = quantile(samples, 0.99);
    p.mad = median_absolute_deviation(samples);
    const auto interval = bootstrap_median(rounds);
    p.low = interval.low, p.high = interval.high;
    p.samples_per_second = p.batch_size / p.p50;
    rounds.clear();
  };
  while (rows.executeStep()) {
    auto seconds = nlohmann::json::parse(rows.getColumn(3).getString()).get<std::vector<double>>();
    if (seconds.empty()) continue;  // tried in vain
    const auto kind = rows.getColumn(0).getString();
    const int batch_size = rows.getColumn(1).getInt();
    if (all.empty() || all.back().kind != kind || all.back().batch_size != batch_size) {
      close();
      all.push_back(
          {.kind = kind, .batch_size = batch_size, .image_size = rows.getColumn(2).getInt()});
    }
    rounds.push_back(std::move(seconds));
  }
  close();
  return all;
}

// Into the row of `results`.
void Store::add_speeds(TrialId trial, int attempt) {
  Pooled best;
  double train_throughput = not_measured;
  for (const auto& p : pooled(trial, attempt)) {
    if (p.kind == "latency")
      db_->run(
          "UPDATE results SET latency = ?, latency_low = ?, latency_high = ?, latency_mad = ?, "
          "latency_p90 = ?, latency_p99 = ? WHERE trial = ?",
          p.p50, p.low, p.high, p.mad, p.p90, p.p99, trial);
    if ((p.kind == "latency" || p.kind == "throughput") &&
        !(p.samples_per_second <= best.samples_per_second))  // nothing yet is NaN
      best = p;
    if (p.kind == "train_step")
      train_throughput = std::fmax(train_throughput, p.samples_per_second);
  }
  db_->run(
      "UPDATE results SET throughput = ?, throughput_low = ?, throughput_high = ?, "
      "train_throughput = coalesce(?, train_throughput) WHERE trial = ?",
      best.samples_per_second, best.batch_size / best.high, best.batch_size / best.low,
      train_throughput, trial);
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

std::optional<PlannedRow> Store::find(std::string_view fingerprint) const {
  auto row = db_->statement(
      "SELECT trial, state, (SELECT count(*) FROM attempts a WHERE a.trial = t.trial) FROM trials "
      "t "
      "WHERE fingerprint = ?",
      fingerprint);
  if (!row.executeStep()) return std::nullopt;
  return PlannedRow{TrialId(row.getColumn(0).getInt64()), std::string(fingerprint),
                    trial_state(row.getColumn(1).getString()), row.getColumn(2).getInt()};
}

Reached Store::reached(TrialId trial) const {
  Reached result;
  // Of each epoch what the latest attempt that has it says.
  auto rows = db_->statement(
      "SELECT epoch, valid_top1, seconds + coalesce(valid_seconds, 0), max(attempt) FROM epochs "
      "WHERE trial = ? GROUP BY epoch ORDER BY epoch",
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

std::optional<double> Store::usual_seconds(std::string_view architecture,
                                           std::string_view recipe_hash) const {
  for (const bool same_recipe : {true, false}) {
    auto rows = db_->statement(
        "SELECT (julianday(a.ended_at) - julianday(a.started_at)) * 86400 FROM attempts a JOIN "
        "trials t USING (trial) "
        "WHERE t.architecture = ? AND t.source = 'sweep' AND a.outcome = 'done' AND "
        "(t.recipe_hash "
        "= ? OR NOT ?)",
        architecture, recipe_hash, static_cast<int>(same_recipe));
    std::vector<double> seconds;
    while (rows.executeStep()) seconds.push_back(rows.getColumn(0).getDouble());
    if (!seconds.empty()) return quantile(seconds, 0.5);
  }
  return std::nullopt;
}

}  // namespace archsweep::results
