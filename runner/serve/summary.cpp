#include "runner/serve/summary.h"

#include <fmt/format.h>

#include "results/export/json.h"
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

}  // namespace

Json summary(const Reader& reader, bool running) {
  const auto sweeps = objects(reader.ask(
      "SELECT sweep, name, started_at, ended_at, outcome, (julianday(coalesce(ended_at, 'now')) - "
      "julianday(started_at)) * 86400 AS elapsed, "
      "max(0, julianday(expected_end) - julianday('now')) * 86400 AS left FROM sweeps ORDER BY "
      "sweep DESC LIMIT 1"));
  Json sweep = sweeps.empty() ? Json() : sweeps.at(0);
  Json left;  // as the scheduler guesses
  if (!sweep.is_null()) left = sweep["left"], sweep.erase("left");
  Json answer{{"now", one(reader, "SELECT strftime('%Y-%m-%dT%H:%M:%fZ', 'now')")},
              {"database", reader.path().stem().string()},
              {"writer", running},
              {"sweep", sweep},
              {"counts", counts(reader, sweep)},
              {"running", running_trials(reader)},
              {"left", nullptr}};
  const bool goes_on = running && !sweep.is_null() && sweep["ended_at"].is_null();
  if (goes_on) answer["left"] = left;
  answer["finished"] = one(reader, "SELECT count(*) FROM results");
  answer["failed"] = one(reader, "SELECT count(*) FROM trials WHERE state = 'failed'");
  answer["results"] = fmt::format("{} {}", answer["finished"].dump(),
                                  one(reader, "SELECT max(finished_at) FROM results").dump());
  return answer;
}

}  // namespace archsweep::serve
