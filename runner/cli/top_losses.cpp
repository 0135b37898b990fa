#include <algorithm>
#include <filesystem>
#include <memory>
#include <numeric>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "archs/catalog.h"
#include "results/plot/draw.h"
#include "runner/cli/picture.h"
#include "runner/cli/rows.h"
#include "runner/cli/trial_predictions.h"
#include "runner/schedule/each_job.h"
#include "runner/schedule/process_runner.h"
#include "runner/schedule/status.h"
#include "runner/support/error.h"
#include "runner/support/temporary_folder.h"
#include "runner/support/whole_file.h"
#include "runner/trial/protocol.h"

namespace archsweep::cli {
namespace {

namespace fs = std::filesystem;

struct Options : PredictionOptions {
  std::string output;
  std::size_t count = 16;
};

// Images by their place among the validation images, the highest loss first.
std::vector<std::size_t> worst(const results::Predictions& p, std::size_t count) {
  std::vector<std::size_t> order(p.images());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return -p.loss(i); });
  order.resize(std::min(count, order.size()));
  return order;
}

// Their files, and their pictures into the folder. Nothing: the user stopped it.
std::optional<std::vector<std::string>> show_images(const TrialPredictions& said,
                                                    const std::vector<std::size_t>& order,
                                                    const fs::path& folder) {
  const auto& trial = said.trial;
  runner::ProcessRunner processes(runner::find_worker());
  runner::Status status(stderr);
  runner::Job job{.kind = "show_images",
                  .spec = runner::spec_from_json(nlohmann::json::parse(trial.spec)),
                  .threads = trial.threads,
                  .cache_folder = (trial.folder / "cache").string(),
                  .view = {.folder = folder.string(), .split_hash = trial.split_hash}};
  for (const auto i : order) job.view.chosen.push_back(said.images[i]);
  std::optional<std::vector<std::string>> files;
  run_one(
      {}, trial.name, {job, folder / "worker"},
      [&](const runner::Event& event) {
        if (const auto* shown = std::get_if<runner::ShownBatch>(&event)) files = shown->files;
        return files.has_value();
      },
      processes, status);
  if (!files) return {};
  for (auto& file : *files) {
    const auto below = fs::path(file).lexically_relative(job.spec.dataset.root).string();
    if (!below.empty() && !below.starts_with("..")) file = below;
  }
  return files;
}

int top_losses(const Options& o) {
  if (!o.output.empty()) results::check_picture_name(o.output);
  const auto said = o.read_one();
  if (archs::get(said.trial.architecture).input != archs::Input::image)
    throw Error(
        fmt::format("{}: of a table, and this shows images; confusion and calibration take it",
                    said.trial.name));
  const auto& p = said.predictions;
  const auto order = worst(p, o.count);
  const TemporaryFolder tiles("archsweep-top-losses");
  const auto files = show_images(said, order, tiles.path());
  if (!files) return stopped_by_user;
  results::Rows rows{{"loss", "predicted", "probability", "actual", "actual_probability", "file"},
                     {}};
  results::ImageGrid grid{
      .title =
          fmt::format("Highest losses of {}, trial {}", said.trial.architecture, said.trial.number),
      .subtitle = fmt::format("of {} validation images; on each what is predicted, with its "
                              "probability, and what it is",
                              p.images()),
      .rows = {""},
      .columns = {}};
  for (std::size_t n = 0; n < order.size(); ++n) {
    const auto i = order[n], predicted = p.predicted(i), actual = std::size_t(p.labels[i]);
    const auto &said_name = said.class_names[predicted], &name = said.class_names[actual];
    const double probability = p.probability(i, predicted);
    rows.rows.push_back(
        {p.loss(i), said_name, probability, name, p.probability(i, actual), (*files)[n]});
    if (o.output.empty()) continue;
    grid.columns.push_back(
        {.label = fmt::format("loss {:.2f}", p.loss(i)),
         .title = fmt::format("{} for {}\n{}", said_name, name, (*files)[n]),
         .cells = {{content_of(tiles.path() / runner::tile_name(n, 0)),
                    fmt::format("{:.0f} %: {}\n{}", 100 * probability, said_name,
                                predicted == actual ? "right" : "is " + name)}}});
  }
  print_rows(rows, o.format, {"actual_probability"});
  if (o.output.empty()) return 0;
  draw_beside_rows(grid, o.output);
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_prediction_options(app, *o);
  app.add_option("-o,--output", o->output, "Picture of them: .png, .svg or .html");
  app.add_option("--count", o->count, "Images; by default 16")->check(CLI::Range(1, 256));
  return [o] { return top_losses(*o); };
}

}  // namespace

extern const Command top_losses_command;
const Command top_losses_command{
    "top-losses", "The validation images that a trial is most wrong about",
    "  archsweep top-losses pets.db 7 -o grid.png\n"
    "  archsweep top-losses pets.db 7 --count 100 --format csv\n"
    "The images are read where the sweep had them; probability is that of the predicted class.\n",
    declare};

}  // namespace archsweep::cli
