#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/calibration.h"
#include "results/plot/draw.h"
#include "results/plot/reliability.h"
#include "runner/cli/picture.h"
#include "runner/cli/rows.h"
#include "runner/cli/trial_predictions.h"

namespace archsweep::cli {
namespace {

struct Options : PredictionOptions {
  std::string output;
  bool bins = false;
};

results::Rows bin_rows(const results::Calibration& calibration) {
  results::Rows rows{{"above", "to", "images", "confidence", "accuracy", "low", "high"}, {}};
  for (const auto& bin : calibration.bins)
    if (bin.images > 0)
      rows.rows.push_back({100 * bin.low, 100 * bin.high, bin.images, 100 * bin.confidence,
                           100 * bin.accuracy, 100 * bin.interval.low, 100 * bin.interval.high});
  return rows;
}

int show_calibration(const Options& o) {
  if (!o.output.empty()) results::check_picture_name(o.output);
  const auto said = o.read_one();
  const auto& p = said.predictions;
  const auto calibration = results::calibration_of(p);
  const double temperature = results::fit_temperature(p);
  const bool is_fitted =
      temperature > results::least_temperature && temperature < results::most_temperature;
  const auto scaled = results::at_temperature(p, temperature);
  const auto if_fitted = [&](double value) {
    return is_fitted ? results::Value{value} : results::Value{};
  };
  const auto score = results::score_of(p);
  if (o.bins)
    print_rows(bin_rows(calibration), o.format);
  else
    print_rows(
        {{"trial", "architecture", "top1_percent", "confidence", "ece", "brier", "loss",
          "temperature", "ece_scaled", "loss_scaled", "images"},
         {{said.trial.number, said.trial.architecture, 100 * score.top1,
           100 * calibration.confidence, 100 * calibration.error, calibration.brier, score.loss,
           if_fitted(temperature), if_fitted(100 * results::calibration_of(scaled).error),
           if_fitted(results::score_of(scaled).loss), static_cast<std::int64_t>(p.images())}}},
        o.format, {"images", "loss_scaled", "ece_scaled"});
  if (o.output.empty()) return 0;
  draw_beside_rows(
      results::reliability_chart(
          calibration,
          fmt::format("Calibration of {}, trial {}", said.trial.architecture, said.trial.number),
          p.images()),
      o.output);
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_prediction_options(app, *o);
  app.add_flag("--bins", o->bins, "Accuracy by confidence, with its 95 % interval, in percent");
  app.add_option("-o,--output", o->output, "Picture of these: .svg, .png or .html");
  return [o] { return show_calibration(*o); };
}

}  // namespace

extern const Command calibration_command;
const Command calibration_command{
    "calibration", "Whether a trial that says 90 % is right nine times in ten",
    "  archsweep calibration pets.db 7 -o reliability.svg\n"
    "  archsweep calibration pets.db 7 --bins --format csv\n"
    "confidence: mean probability of what is predicted; ece: expected calibration error of 15 "
    "bins,\n"
    "both in percent; temperature: what logits are to be divided by for the least loss, and what "
    "ece\n"
    "and loss then are (empty where nothing is wrong, or nothing learnt). It is fitted to these "
    "same\n"
    "images.\n",
    declare};

}  // namespace archsweep::cli
