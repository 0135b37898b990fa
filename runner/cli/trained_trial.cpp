#include "runner/cli/trained_trial.h"

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep::cli {

TrainedTrial trained_trial(const results::Reader& reader, std::int64_t trial,
                           const std::string& files) {
  const auto database = reader.path().string();
  auto rows = reader.open(fmt::format(
      "SELECT t.architecture, t.source, t.state, t.fingerprint, t.spec, a.journal, a.device, "
      "e.threads, r.fit_time, r.split_hash, r.dtype, r.classes FROM trials t LEFT JOIN attempts a "
      "USING (trial, "
      "attempt) LEFT JOIN environments e USING (environment) LEFT JOIN results r USING (trial) "
      "WHERE t.trial = {}",
      trial));
  if (!rows.next())
    throw Error(fmt::format("{}: no trial {}; `archsweep leaderboard {}` has their numbers",
                            database, trial, database));
  TrainedTrial found{.number = trial,
                     .name = fmt::format("{}: trial {} ({})", database, trial, rows.text(0)),
                     .architecture = std::string(rows.text(0)),
                     .fingerprint = std::string(rows.text(3)),
                     .spec = std::string(rows.text(4)),
                     .device = std::string(rows.text(6)),
                     .dtype = std::string(rows.text(10)),
                     .split_hash = std::string(rows.text(9)),
                     .threads = static_cast<int>(rows.whole(7)),
                     .classes = static_cast<int>(rows.whole(11)),
                     .train_seconds = rows.number(8),
                     // The journal is FOLDER/trials/NAME.jsonl.
                     .folder = std::filesystem::path(rows.text(5)).parent_path().parent_path()};
  if (rows.text(1) != "sweep")
    throw Error(fmt::format("{}: its numbers are from {}: nothing was trained here", found.name,
                            rows.text(1) == "bench" ? "a benchmark" : "an import"));
  if (rows.text(2) != "done")
    throw Error(fmt::format("{} is {}: only a finished trial has left something behind", found.name,
                            rows.text(2)));
  if (!files.empty()) found.folder = files;
  return found;
}

}  // namespace archsweep::cli
