#pragma once

// What the commands share that ask what a trial said of the validation images.

#include <string>
#include <vector>

#include "results/predictions.h"
#include "results/query.h"
#include "runner/cli/command.h"
#include "runner/cli/trained_trial.h"

namespace archsweep::cli {

struct TrialPredictions {
  TrainedTrial trial;
  std::vector<std::string> class_names;
  std::vector<std::uint32_t> images;  // which of the data set they are
  results::Predictions predictions;

  std::string name() const;  // "trial 7 (resnet18)"
};

// The arguments DB and TRIAL, one or more; --files, --format.
struct PredictionOptions {
  std::string database, files, format = "table";
  std::vector<std::int64_t> trials;
  bool for_people() const { return format == "table" || format == "md"; }

  // Throws Error: as trained_trial does, their logits are not there or damaged, or they are of
  // different images or splits.
  std::vector<TrialPredictions> read() const;
  TrialPredictions read_one() const { return read()[0]; }
};
// So many trials, at least and at most.
void add_prediction_options(CLI::App& app, PredictionOptions& o, int least = 1, int most = 1);

}  // namespace archsweep::cli
