#include "runner/serve/summary.h"

#include <algorithm>

#include <fmt/format.h>

#include "results/export/json.h"
#include "runner/plan/plan.h"
#include "runner/serve/rows.h"

namespace archsweep::serve {
namespace {

using Json = nlohmann::ordered_json;
using results::Reader;

// Of the latest sweep; of all trials where there is no sweep (benchmarks, imports).
Json counts(const Reader& reader, const Json& sweep) {
  Json counts{{"planned", 0}, {"running", 0}, {"paused", 0}, {"done", 0}, {"failed", 0}};
  const auto members = sweep.is_null()
                           ? std::string("1")
                           : fmt::format(
                                 "EXISTS (SELECT 1 FROM sweep_trials st WHERE st.trial = t.trial "
                                 "AND st.sweep = {})",
                                 sweep["sweep"].get<std::int64_t>());
  const auto rows =
      reader.ask("SELECT state, count(*) FROM trials t WHERE " + members + " GROUP BY state");
  for (const auto& row : rows.rows)
    counts[std::get<std::string>(row[0])] = results::to_json(row[1]);
  return counts;
}

// The trials that run, with what their epochs told so far.
Json running_trials(const Reader& reader) {
  auto trials = objects(reader.ask(
      "SELECT t.trial, architecture, tag, learning_rate, seed, epochs, image_size, a.attempt, "
      "a.device, a.started_at, source FROM trials t JOIN attempts a USING (trial) "
      "WHERE state = 'running' AND outcome IS NULL ORDER BY a.started_at DESC LIMIT 32"));
  for (auto& trial : trials)
    trial["curve"] = to_json(reader.ask(
        fmt::format("SELECT * FROM (SELECT epoch, train_loss, valid_loss, valid_top1 FROM epochs "
                    "WHERE trial = {} "
                    "AND attempt = {} ORDER BY epoch DESC LIMIT 200) ORDER BY epoch",
                    trial["trial"].get<std::int64_t>(), trial["attempt"].get<std::int64_t>())));
  return trials;
}

// By the cost of what was done in the time it took, as the scheduler tells it on a terminal.
Json seconds_left(const Reader& reader, const Json& sweep, const Json& running) {
  const auto id = sweep["sweep"].get<std::int64_t>();
  const auto cost_of = [&](const std::string& which) {
    double cost = 0;
    for (const auto& row : objects(reader.ask(fmt::format(
             "SELECT architecture, image_size, epochs, count(*) AS trials FROM {} AND EXISTS "
             "(SELECT 1 FROM sweep_trials st WHERE st.trial = t.trial AND st.sweep = {}) "
             "GROUP BY 1, 2, 3",
             which, id))))
      cost +=
          row["trials"].get<double>() *
          runner::relative_cost(row["architecture"].get<std::string>(),
                                row["image_size"].is_null() ? 224 : row["image_size"].get<int>(), 1,
                                row["epochs"].is_null() ? 1 : row["epochs"].get<int>());
    return cost;
  };
  double left = cost_of("trials t WHERE state IN ('planned', 'running', 'paused')");
  double done = cost_of(
      fmt::format("results t WHERE finished_at >= '{}'", sweep["started_at"].get<std::string>()));
  for (const auto& trial : running) {
    const auto& rows = trial["curve"]["rows"];
    if (rows.empty() || trial["epochs"].is_null()) continue;
    const double cost =
        runner::relative_cost(trial["architecture"].get<std::string>(),
                              trial["image_size"].get<int>(), 1, rows.back()[0].get<int>());
    left -= cost, done += cost;
  }
  if (done <= 0) return nullptr;
  return std::max(0.0, left) / done * sweep["elapsed"].get<double>();
}

}  // namespace

Json summary(const Reader& reader, bool running) {
  const auto sweeps = objects(reader.ask(
      "SELECT sweep, name, started_at, ended_at, outcome, (julianday(coalesce(ended_at, 'now')) - "
      "julianday(started_at)) * 86400 AS elapsed FROM sweeps ORDER BY sweep DESC LIMIT 1"));
  Json sweep = sweeps.empty() ? Json() : sweeps.at(0);
  Json answer{{"now", one(reader, "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")},
              {"database", reader.path().stem().string()},
              {"writer", running},
              {"sweep", sweep},
              {"counts", counts(reader, sweep)},
              {"running", running_trials(reader)},
              {"left", nullptr}};
  const bool goes_on = running && !sweep.is_null() && sweep["ended_at"].is_null();
  if (goes_on) answer["left"] = seconds_left(reader, sweep, answer["running"]);
  answer["finished"] = one(reader, "SELECT count(*) FROM results");
  answer["failed"] = one(reader, "SELECT count(*) FROM trials WHERE state = 'failed'");
  answer["results"] = fmt::format("{} {}", answer["finished"].dump(),
                                  one(reader, "SELECT max(finished_at) FROM results").dump());
  return answer;
}

}  // namespace archsweep::serve
