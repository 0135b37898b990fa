#include <memory>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "results/predictions.h"
#include "runner/cli/rows.h"
#include "runner/cli/trial_predictions.h"

namespace archsweep::cli {
namespace {

struct Options : PredictionOptions {
  bool greedy = false;
};

using Members = std::vector<const TrialPredictions*>;

results::Score score_of(const Members& members) {
  std::vector<results::Predictions> each;
  for (const auto* m : members) each.push_back(m->predictions);
  return results::score_of(results::mean_of(each));
}

void add_row(results::Rows& rows, const Members& members) {
  std::vector<std::int64_t> numbers;
  for (const auto* m : members) numbers.push_back(m->trial.number);
  const auto score = score_of(members);
  rows.rows.push_back({fmt::format("{}", fmt::join(numbers, " ")),
                       members.size() == 1 ? members[0]->trial.architecture
                                           : fmt::format("mean of {}", members.size()),
                       100 * score.top1, 100 * score.top5, score.loss});
}

// One after the other the one that lowers the loss most, while one does; a row for each.
void select(results::Rows& rows, Members left) {
  Members chosen;
  std::optional<double> loss;
  while (!left.empty()) {
    std::size_t best = 0;
    std::optional<double> least;
    for (std::size_t i = 0; i < left.size(); ++i) {
      auto with = chosen;
      with.push_back(left[i]);
      if (const auto score = score_of(with); !least || score.loss < *least)
        least = score.loss, best = i;
    }
    if (loss && *least >= *loss) return;
    loss = least;
    chosen.push_back(left[best]);
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(best));
    if (chosen.size() > 1) add_row(rows, chosen);
  }
}

int show_ensemble(const Options& o) {
  const auto all = o.read();
  Members members;
  for (const auto& one : all) members.push_back(&one);
  results::Rows rows{{"trials", "architecture", "top1_percent", "top5_percent", "loss"}, {}};
  for (const auto* one : members) add_row(rows, {one});
  add_row(rows, members);
  if (o.greedy) select(rows, members);
  print_rows(rows, o.format);
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_prediction_options(app, *o, 2, 1000);
  app.add_flag("--greedy", o->greedy,
               "Also the best two or more, chosen one after the other by the loss on these same "
               "images, which flatters them");
  return [o] { return show_ensemble(*o); };
}

}  // namespace

extern const Command ensemble_command;
const Command ensemble_command{
    "ensemble", "What trials say together: the mean of their probabilities",
    "  archsweep ensemble pets.db 3 7 12\n"
    "A row for each trial, then one for all together. All must have been validated with the same\n"
    "images.\n",
    declare};

}  // namespace archsweep::cli
