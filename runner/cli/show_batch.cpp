#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/plot/draw.h"
#include "runner/cli/command.h"
#include "runner/cli/trial_of.h"
#include "runner/schedule/process_runner.h"
#include "runner/schedule/show_batch.h"
#include "runner/support/error.h"
#include "runner/support/temporary_folder.h"
#include "runner/support/whole_file.h"

namespace archsweep::cli {
namespace {

namespace fs = std::filesystem;
using runner::AugmentStep;

struct Options {
  std::string config, architecture, output;
  std::vector<std::string> set;
  int count = 0, epoch = 1;
  bool compare = false;
};

// A row of the picture below the stored images.
struct Augmentation {
  std::string name;
  std::vector<AugmentStep> steps;
};

// Each word and each step that `augmentation:` may name; a step as the config has it, where it has
// one, or else with its defaults.
std::vector<Augmentation> all_augmentations(const Options& o, const std::vector<AugmentStep>& own) {
  std::vector<Augmentation> all;
  const auto add = [&](const std::string& name, const std::string& yaml) {
    auto set = o.set;
    set.push_back("augmentation=" + yaml);
    all.push_back({name, runner::read_config(o.config, set).augmentation});
  };
  for (const auto& word : runner::augment_words())
    add(std::string(word.name), std::string(word.name));
  for (const auto& kind : runner::augment_kinds()) {
    const auto at = std::ranges::find(own, kind.name, &AugmentStep::name);
    if (at == own.end())
      add(std::string(kind.name), fmt::format("[{}]", kind.name));
    else
      all.push_back({at->name, {*at}});
  }
  return all;
}

int show_batch(const Options& o) {
  results::check_picture_name(o.output);
  const auto [config, trial] = trial_of(o.config, o.set, o.architecture);
  if (const auto& kind = trial.spec.dataset.kind; kind == "table" || kind == "function")
    throw Error(fmt::format("show-batch: dataset.kind is {}, and it shows images", kind));
  std::vector<Augmentation> rows{
      {o.compare ? "this config" : "augmented", trial.spec.augmentation}};
  if (o.compare) std::ranges::move(all_augmentations(o, rows[0].steps), std::back_inserter(rows));

  const int batch_size = trial.spec.training.batch_size;
  const int few = std::min(o.compare ? 8 : 16, batch_size);
  const TemporaryFolder tiles("archsweep-show-batch");
  runner::BatchView view{.epoch = o.epoch,
                         .images = o.count ? o.count : few,
                         .augmentations = {},
                         .folder = tiles.path().string()};
  for (const auto& row : rows) view.augmentations.push_back(row.steps);
  runner::ProcessRunner processes(runner::find_worker());
  runner::Status status(stderr);
  const auto shown = runner::show_batch(config, trial, view, processes, status);
  if (!shown) return stopped_by_user;

  const int found = static_cast<int>(shown->files.size());
  if (found < o.count) fmt::print(stderr, "{} images: epoch {} has no more\n", found, o.epoch);
  const int batches = (found + batch_size - 1) / batch_size;
  const auto& d = trial.spec.dataset;
  results::ImageGrid grid{
      .title = fmt::format("{} of epoch {}, {}",
                           batches > 1 ? fmt::format("Batches 1 to {}", batches) : "Batch 1",
                           o.epoch, fs::path(o.config).stem().string()),
      .subtitle = fmt::format("stored at {0} x {0}; networks get {1} x {1}, before normalisation",
                              d.stored_size, d.image_size),
      .rows = {"stored"},
      .columns = {}};
  for (const auto& row : rows) grid.rows.push_back(row.name);
  for (std::size_t i = 0; i < shown->files.size(); ++i) {
    auto& column = grid.columns.emplace_back();
    column.label = shown->classes[i];
    column.title =
        shown->classes[i] + "\n" + fs::path(shown->files[i]).lexically_relative(d.root).string();
    for (std::size_t picture = 0; picture < grid.rows.size(); ++picture)
      column.cells.push_back({content_of(tiles.path() / runner::tile_name(i, picture)),
                              picture == 0 ? "" : shown->mixtures[i][picture - 1]});
  }
  results::draw(grid, o.output);
  fmt::print("{}\n", o.output);
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("config", o->config, "YAML file of the sweep")->required();
  app.add_option("-o,--output", o->output, "Picture: .svg, .png or .html")->required();
  app.add_option("--count", o->count,
                 "Images, of several batches where one has fewer; by default 16, or 8 to compare, "
                 "of the first batch")
      ->check(CLI::Range(1, 256));
  app.add_option("--epoch", o->epoch, "Whose first images; the first is 1")
      ->check(CLI::Range(1, 1000000));
  app.add_flag("--compare", o->compare, "A row for each augmentation there is");
  app.add_option("--arch", o->architecture,
                 "Architecture, where they differ in size or batch; the config need not name it");
  app.add_option("--set", o->set, "Replace a value: key=value, as in augmentation=light")
      ->take_all()
      ->expected(1);
  return [o] { return show_batch(*o); };
}

}  // namespace

extern const Command show_batch_command;
const Command show_batch_command{
    "show-batch", "Draw the first batch of training, as stored and as networks get it",
    "  archsweep show-batch pets.yaml -o batch.png\n"
    "  archsweep show-batch pets.yaml -o steps.html --compare\n",
    declare};

}  // namespace archsweep::cli
