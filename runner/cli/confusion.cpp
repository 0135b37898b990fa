#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/plot/draw.h"
#include "results/predictions.h"
#include "runner/cli/picture.h"
#include "runner/cli/rows.h"
#include "runner/cli/trial_predictions.h"

namespace archsweep::cli {
namespace {

using results::Rows;

struct Options : PredictionOptions {
  std::string output;
  bool pairs = false;
};

Rows matrix_rows(const std::vector<std::string>& classes,
                 const std::vector<std::int64_t>& confusion) {
  Rows rows{.columns = {"actual \\ predicted"}, .rows = {}};
  rows.columns.insert(rows.columns.end(), classes.begin(), classes.end());
  for (std::size_t a = 0; a < classes.size(); ++a) {
    auto& row = rows.rows.emplace_back();
    row.emplace_back(classes[a]);
    for (std::size_t p = 0; p < classes.size(); ++p)
      row.emplace_back(confusion[a * classes.size() + p]);
  }
  return rows;
}

Rows pair_rows(const std::vector<std::string>& classes,
               const std::vector<std::int64_t>& confusion) {
  Rows rows{.columns = {"actual", "predicted", "images", "percent"}, .rows = {}};
  for (const auto& pair : results::confused_pairs(confusion, classes.size()))
    rows.rows.push_back(
        {classes[pair.actual], classes[pair.predicted], pair.images, 100 * pair.share});
  return rows;
}

int show_confusion(const Options& o) {
  if (!o.output.empty()) results::check_picture_name(o.output);
  const auto said = o.read_one();
  const auto& classes = said.class_names;
  const auto confusion = results::confusion(said.predictions);
  print_rows(o.pairs ? pair_rows(classes, confusion) : matrix_rows(classes, confusion), o.format);
  if (o.output.empty()) return 0;
  draw_beside_rows(
      results::MatrixPicture{.title = fmt::format("Confusion of {}, trial {}",
                                                  said.trial.architecture, said.trial.number),
                             .subtitle = fmt::format("{:.2f} % of {} validation images are right",
                                                     100 * results::score_of(said.predictions).top1,
                                                     said.predictions.images()),
                             .classes = classes,
                             .images = confusion},
      o.output);
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_prediction_options(app, *o);
  app.add_flag("--pairs", o->pairs,
               "The pairs of classes that are confused, most images first; percent is of the "
               "images of the actual class");
  app.add_option("-o,--output", o->output, "Picture: .svg, .png or .html");
  return [o] { return show_confusion(*o); };
}

}  // namespace

extern const Command confusion_command;
const Command confusion_command{
    "confusion", "Which classes a trial takes for which",
    "  archsweep confusion pets.db 7 -o confusion.svg\n"
    "  archsweep confusion pets.db 7 --pairs\n"
    "Of the validation images, after the epoch whose weights are the result.\n",
    declare};

}  // namespace archsweep::cli
