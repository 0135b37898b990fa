#include <cmath>
#include <limits>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/cli/command.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/process_runner.h"
#include "runner/support/error.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::string config;
  std::vector<std::string> set;
  bool data = false;
};

// Decodes every image, as the sweep would before its first trial.
int check_data(const Options& o, const runner::Config& config,
               const std::vector<runner::PlannedTrial>& plan) {
  std::vector<const runner::PlannedTrial*> trials;
  for (const auto& trial : plan) trials.push_back(&trial);
  runner::ProcessRunner processes(runner::find_worker());
  runner::Status status(stdout);
  const auto prepared = runner::prepare_data(config, trials, processes, status,
                                             std::numeric_limits<std::size_t>::max());
  if (!prepared) return stopped_by_user;
  std::size_t left_out = 0, shared = 0;
  for (const auto& [key, data] : prepared->by_dataset)
    left_out += data.bad_files.size(), shared += data.duplicates.size();
  fmt::print("{}: {} files are left out, {} validation images are trained on too\n", o.config,
             left_out, shared);
  return static_cast<int>(left_out + shared ? Exit::trials_failed : Exit::done);
}

int check(const Options& o) {
  const auto config = runner::read_config(o.config, o.set);
  const auto plan = runner::make_plan(config);
  fmt::print("{:<4} {:<36} {:<20} {:>14} {:>6} {:>7} {:>6}\n", "", "architecture", "family",
             "learning rate", "seed", "epochs", "image");
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const auto& s = plan[i].spec;
    const double rate = s.training.learning_rate;
    fmt::print("{:<4} {:<36} {:<20} {:>14} {:>6} {:>7} {:>6}\n", i + 1, s.architecture,
               plan[i].family, std::isnan(rate) ? "find" : fmt::format("{:g}", rate),
               s.training.seed, s.training.epochs, s.dataset.image_size);
  }
  fmt::print("{} is valid: {} trials of {} architectures, results in {}\n", o.config, plan.size(),
             config.candidates.size(), config.output.database.string());
  return o.data ? check_data(o, config, plan) : 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("config", o->config, "YAML file of the sweep")->required();
  app.add_option("--set", o->set, "Replace a value: key=value")->take_all()->expected(1);
  app.add_flag("--data", o->data,
               "Decode every image too: name those that are broken or in both parts; exit 1 where "
               "there are any");
  return [o] { return check(*o); };
}

}  // namespace

extern const Command check_command;
const Command check_command{"check", "Validate a config and print the trials it stands for",
                            "  archsweep check configs/quickstart.yaml --set training.epochs=2\n"
                            "  archsweep check pets.yaml --data\n",
                            declare};

}  // namespace archsweep::cli
