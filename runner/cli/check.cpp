#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/cli/command.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::string config;
  std::vector<std::string> set;
};

int check(const Options& o) {
  const auto config = runner::read_config(o.config, o.set);
  const auto plan = runner::make_plan(config);
  fmt::print("{:<4} {:<36} {:<20} {:>14} {:>6} {:>7} {:>6}\n", "", "architecture", "family",
             "learning rate", "seed", "epochs", "image");
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const auto& s = plan[i].spec;
    fmt::print("{:<4} {:<36} {:<20} {:>14g} {:>6} {:>7} {:>6}\n", i + 1, s.architecture,
               plan[i].family, s.training.learning_rate, s.training.seed, s.training.epochs,
               s.dataset.image_size);
  }
  fmt::print("{} is valid: {} trials of {} architectures, results in {}\n", o.config, plan.size(),
             config.candidates.size(), config.output.database.string());
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("config", o->config, "YAML file of the sweep")->required();
  app.add_option("--set", o->set, "Replace a value: key=value")->take_all()->expected(1);
  return [o] { return check(*o); };
}

}  // namespace

extern const Command check_command;
const Command check_command{"check", "Validate a config and print the trials it stands for",
                            "  archsweep check configs/quickstart.yaml --set training.epochs=2\n",
                            declare};

}  // namespace archsweep::cli
