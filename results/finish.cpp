// The row of `results` that a finished trial gets, from the rows of its attempts.

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/statistics.h"
#include "results/store_database.h"
#include "runner/support/error.h"
#include "runner/support/hash.h"

namespace archsweep::results {
namespace {

std::string short_hash(std::string_view text) {
  return sha256(text).substr(0, 12);
}

}  // namespace

void Store::finish(TrialId trial, int attempt, const Summary& s) {
  db_->transaction([&] {
    auto about = db_->statement(
        "SELECT t.recipe_hash, t.image_size, coalesce(e.device_name, ''), coalesce(e.driver, ''), "
        "coalesce(e.torch, ''), "
        "coalesce(e.threads, 0), coalesce((SELECT max(protocol) FROM measurements m WHERE "
        "(m.trial, m.attempt) = "
        "(a.trial, a.attempt)), 0), t.dataset, t.epochs, t.source, "
        "coalesce(iif(json_valid(t.spec), json_extract(t.spec, '$.training.precision'), ''), '') "
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
    // What networks see: images of a size, or the rows of a table.
    const bool is_table = text(1) == "0";
    const auto seen = is_table ? "rows of " + text(7) : text(1) + " px";
    // A sweep that has each architecture trained and timed in the precision that was chosen for it
    // compares these.
    const bool is_chosen = text(9) == "sweep" && text(10) == "auto";
    const auto dtype = is_chosen ? std::string("auto") : s.dtype;
    const auto speed_key =
        key(fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", device_name, text(3), text(4), dtype, s.layout,
                        is_table ? seen : text(1), text(5), text(6)),
            fmt::format("{}, {}, {}, {}, {} thread{}, LibTorch {}, timing protocol {}",
                        device_name + (text(3).empty() ? "" : ", " + text(3)),
                        is_chosen ? "each in the precision chosen for it" : s.dtype, s.layout, seen,
                        text(5), text(5) == "1" ? "" : "s", text(4), text(6)));
    // A benchmark tells no accuracy.
    const auto accuracy_key =
        text(9) == "bench"
            ? ""
            : key(s.split_hash + "|" + text(0),
                  fmt::format("{}, {} training and {} validation {}, {} epoch{}, recipe {}",
                              text(7), s.train_samples, s.valid_samples,
                              is_table ? "rows" : "images, " + seen, text(8),
                              text(8) == "1" ? "" : "s", text(0).substr(0, 6)));
    db_->run("DELETE FROM results WHERE trial = ?", trial);
    db_->run(
        "INSERT INTO results (trial, attempt, source, experiment, architecture, tag, family, "
        "dataset, learning_rate, seed, epochs, image_size, train_memory_bytes, "
        "inference_memory_bytes, parameters, macs, activations, classes, train_samples, "
        "valid_samples, dtype, layout, split_hash, device_name, micro_batch, tta_top1, "
        "tta_loss, speed_key, accuracy_key, "
        "finished_at) "
        "SELECT trial, ?, source, printf('%s|%s|%.17g', architecture, tag, learning_rate), "
        "architecture, tag, family, dataset, learning_rate, seed, epochs, image_size, ?, ?, ?, ?, "
        "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, " +
            std::string(now) + " FROM trials WHERE trial = ?",
        attempt, s.train_memory_bytes, s.inference_memory_bytes, s.parameters, s.macs,
        s.activations, s.classes, s.train_samples, s.valid_samples, s.dtype, s.layout, s.split_hash,
        device_name, s.micro_batch, s.tta_top1, s.tta_loss, speed_key, accuracy_key, trial);
    // From the rows of the attempt: its result's epoch, its timings.
    db_->run(
        "UPDATE results SET (result_epoch, top1, top5, auc, valid_loss, train_loss, "
        "train_throughput) = "
        "(SELECT epoch, "
        "valid_top1, valid_top5, valid_auc, "
        "valid_loss, train_loss, samples_per_second FROM epochs e WHERE e.trial = results.trial "
        "AND e.attempt = "
        "results.attempt ORDER BY epoch = ? DESC, epoch DESC LIMIT 1), "
        "(train_seconds, fit_time, data_wait_share) = (SELECT sum(seconds), "
        "sum(seconds + coalesce(valid_seconds, 0)), "
        "sum(data_wait_share * seconds) / sum(seconds) FROM epochs e WHERE e.trial = results.trial "
        "AND e.attempt = results.attempt) WHERE trial = ?",
        s.result_epoch, trial);
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

}  // namespace archsweep::results
