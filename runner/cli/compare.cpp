#include <cmath>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/paired.h"
#include "runner/cli/rows.h"
#include "runner/cli/trial_predictions.h"

namespace archsweep::cli {
namespace {

int compare_trials(const PredictionOptions& o) {
  const auto both = o.read();
  const auto &first = both[0], &second = both[1];
  const auto pairs = results::compare(first.predictions, second.predictions);
  const double n = static_cast<double>(first.predictions.images());
  const double top1 = 100 * static_cast<double>(pairs.both + pairs.only_first) / n;
  const double other = 100 * static_cast<double>(pairs.both + pairs.only_second) / n;
  const auto interval = results::accuracy_difference(pairs);
  const double p = results::mcnemar_exact(pairs);
  const auto corrected = results::mcnemar_corrected(pairs);
  results::Value p_corrected;
  if (corrected) p_corrected = *corrected;
  results::Rows rows{{"first", "second", "top1_first", "top1_second", "difference", "low", "high",
                      "only_first", "only_second", "images", "p", "p_corrected"},
                     {}};
  rows.rows.push_back({first.trial.number, second.trial.number, top1, other, top1 - other,
                       100 * interval.low, 100 * interval.high, pairs.only_first, pairs.only_second,
                       static_cast<std::int64_t>(n), p, p_corrected});
  print_rows(rows, o.format, {"p_corrected", "images"});
  if (o.for_people())
    fmt::print(
        "\nOf {} validation images {} gets {:.2f} % right and {} {:.2f} %: a difference of {:.2f} "
        "points, 95 % interval {:.2f} to {:.2f}.\nOnly the first is right on {}, only the second "
        "on {}: {} (McNemar's exact test, p = {:.2g}).\n",
        n, first.name(), top1, second.name(), other,
        std::abs(top1 - other) < 1e-9 ? 0 : top1 - other, 100 * interval.low, 100 * interval.high,
        pairs.only_first, pairs.only_second,
        p < 0.05 ? "more uneven than chance explains" : "chance alone may explain it", p);
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<PredictionOptions>();
  add_prediction_options(app, *o, 2, 2);
  return [o] { return compare_trials(*o); };
}

}  // namespace

extern const Command compare_command;
const Command compare_command{
    "compare", "Whether one of two trials is better, image by image",
    "  archsweep compare pets.db 3 7\n"
    "Both must have been validated with the same images. top1, difference and its 95 % interval\n"
    "are in percent and points; only_first: images that the first alone gets right; p: McNemar's\n"
    "exact test; p_corrected: its chi-square with continuity correction, of 25 such images or "
    "more.\n",
    declare};

}  // namespace archsweep::cli
