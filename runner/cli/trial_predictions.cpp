#include "runner/cli/trial_predictions.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "runner/cli/rows.h"
#include "runner/schedule/kept_files.h"
#include "runner/support/error.h"
#include "runner/trial/logits.h"

namespace archsweep::cli {
namespace {

TrialPredictions read_trial(const results::Reader& reader, std::int64_t number,
                            const std::string& files) {
  auto trial = trained_trial(reader, number, files);
  if (trial.classes == 0 ||
      runner::spec_from_json(nlohmann::json::parse(trial.spec)).training.loss == "mse")
    throw Error(fmt::format("{}: it predicts a number (loss mse), no probabilities of classes",
                            trial.name));
  const auto file = runner::logits_file(trial.folder, trial.fingerprint);
  if (!std::filesystem::exists(file))
    throw Error(fmt::format(
        "{}: what it said of the validation images is not in {}: sweeps keep it while "
        "output.keep_logits is true and output.logits_gib has room; --files names the folder if it "
        "moved",
        trial.name, file.parent_path().string()));
  auto kept = runner::read_logits(file);
  if (kept.split_hash != trial.split_hash)
    throw Error(fmt::format("{}: {} is of another data set or split than the trial", trial.name,
                            file.string()));
  std::vector<float> logits;
  logits.reserve(kept.logits.size());
  for (const auto bits : kept.logits) logits.push_back(runner::from_float16(bits));
  const auto classes = kept.class_names.size();
  return {std::move(trial), std::move(kept.class_names), std::move(kept.images),
          results::from_logits(classes, std::move(kept.labels), logits)};
}

}  // namespace

std::string TrialPredictions::name() const {
  return fmt::format("trial {} ({})", trial.number, trial.architecture);
}

std::vector<TrialPredictions> PredictionOptions::read() const {
  const results::Reader reader(database);
  std::vector<TrialPredictions> all;
  for (const auto number : trials) {
    all.push_back(read_trial(reader, number, files));
    const auto &first = all.front(), &last = all.back();
    if (first.trial.split_hash != last.trial.split_hash || first.images != last.images ||
        first.predictions.labels != last.predictions.labels ||
        first.class_names != last.class_names)
      throw Error(fmt::format(
          "{}: {} and {} were validated with different images (data set or split {:.8} and {:.8}): "
          "they do not compare",
          database, first.name(), last.name(), first.trial.split_hash, last.trial.split_hash));
  }
  return all;
}

void add_prediction_options(CLI::App& app, PredictionOptions& o, int least, int most) {
  app.add_option("database", o.database, "Results database")->required();
  app.add_option(most == 1 ? "trial" : "trials", o.trials,
                 "Number of a finished trial, as the leaderboard shows it")
      ->required()
      ->expected(least, most)
      ->option_text(most == 1   ? "INT REQUIRED"
                    : most == 2 ? "INT INT REQUIRED"
                                : "INT INT ... REQUIRED");
  app.add_option("--files", o.files, "The sweep's output.folder, if it has moved");
  add_format_option(app, o.format);
}

}  // namespace archsweep::cli
