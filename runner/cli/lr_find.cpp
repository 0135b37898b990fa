#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/learning_rate.h"
#include "results/plot/draw.h"
#include "results/plot/pictures.h"
#include "results/store.h"
#include "runner/cli/command.h"
#include "runner/cli/picture.h"
#include "runner/cli/rows.h"
#include "runner/cli/trial_of.h"
#include "runner/schedule/find_rate.h"
#include "runner/schedule/process_runner.h"
#include "runner/support/error.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::string config, architecture, output, database, format = "table";
  std::vector<std::string> set;
};

int lr_find(const Options& o) {
  if (!o.output.empty()) results::check_picture_name(o.output);
  auto [config, trial] = trial_of(o.config, o.set, o.architecture);
  if (!o.database.empty()) config.output.database = o.database;
  runner::ProcessRunner processes(runner::find_worker());
  runner::Status status(stderr);
  results::Store store(config.output.database);
  results::RateSweep sweep;
  std::optional<results::Failure> failed;
  const runner::RateFinder finder{
      .found = [&](const runner::PlannedTrial&, const results::RateSweep& found) { sweep = found; },
      .failed = [&](const runner::PlannedTrial&, const results::Failure& why,
                    bool) { failed = why; }};
  if (!runner::find_rates(config, std::span(&trial, 1), store, processes, status, finder))
    return stopped_by_user;
  if (sweep.rates.empty())
    throw Error(
        fmt::format("{}: {}: {}{}", o.architecture, results::name(failed->cause), failed->message,
                    failed->stderr_tail.empty() ? "" : "\n" + failed->stderr_tail),
        failed->cause == results::Cause::diverged ? Exit::trials_failed : Exit::environment);
  const auto suggested = results::suggest_rates(sweep);
  if (suggested.empty())
    throw Error(
        fmt::format("{}: the loss diverged after {} steps: too few to suggest a rate from",
                    o.architecture,
                    std::ranges::count_if(sweep.losses, [](double l) { return std::isfinite(l); })),
        Exit::trials_failed);
  results::Rows rows{.columns = {"rule", "learning_rate", "what"}, .rows = {}};
  constexpr const char* what[] = {"the middle of the longest fall: fastai's choice",
                                  "where the loss falls fastest", "a tenth of where it is lowest",
                                  "before the gradient changes"};
  for (std::size_t i = 0; i < suggested.size(); ++i)
    rows.rows.push_back(
        {suggested[i].first,
         std::isnan(suggested[i].second) ? results::Value{} : results::Value{suggested[i].second},
         std::string(what[i])});
  print_rows(rows, o.format, {"what"});
  if (!o.output.empty()) {
    std::vector<std::pair<double, double>> curve;
    for (std::size_t i = 0; i < sweep.rates.size(); ++i)
      if (std::isfinite(sweep.losses[i])) curve.emplace_back(sweep.rates[i], sweep.losses[i]);
    draw_beside_rows(
        results::lr_find_chart(curve, suggested, "Learning rate finder, " + o.architecture),
        o.output);
  }
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("config", o->config, "YAML file of the sweep")->required();
  app.add_option("--arch", o->architecture, "Architecture; the config need not name it")
      ->required();
  app.add_option("-o,--output", o->output, "Picture of the curve: .svg, .png or .html");
  app.add_option("--set", o->set, "Replace a value: key=value, as in training.batch_size=16")
      ->take_all()
      ->expected(1);
  app.add_option("--db", o->database, "Database in place of output.database");
  add_format_option(app, o->format);
  return [o] { return lr_find(*o); };
}

}  // namespace

extern const Command lr_find_command;
const Command lr_find_command{
    "lr-find", "Train a hundred steps while the learning rate rises, and suggest one",
    "  archsweep lr-find pets.yaml --arch resnet18 -o lr.svg\n"
    "  archsweep lr-find pets.yaml --arch vit_tiny_patch16_224 --set training.weights=pretrained\n"
    "The curve and the suggestions are kept in the database, table lr_finds. It is a process of "
    "its\n"
    "own: a training after it is the same as without it.\n",
    declare};

}  // namespace archsweep::cli
