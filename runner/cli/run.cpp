#include <ctime>
#include <memory>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/lock.h"
#include "results/store.h"
#include "runner/cli/database.h"
#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/budget.h"
#include "runner/schedule/find_rate.h"
#include "runner/schedule/ingest.h"
#include "runner/schedule/prepare.h"
#include "runner/schedule/process_runner.h"
#include "runner/schedule/scheduler.h"
#include "runner/schedule/slurm_runner.h"
#include "runner/support/error.h"

namespace archsweep::cli {

namespace {

struct Options {
  std::string config, database, budget, until;
  std::vector<std::string> set;
  bool dry_run = false, retry_failed = false, slurm = false;
};

int run(const Options& o) {
  auto settings = o.set;  // a flag is a shorter word for a key
  if (!o.budget.empty()) settings.push_back("scheduler.budget=" + o.budget);
  if (!o.until.empty()) settings.push_back("scheduler.until=" + o.until);
  auto config = runner::read_config(o.config, settings);
  if (!o.database.empty()) config.output.database = o.database;
  if (o.slurm) {
    config.scheduler.slurm.is_used = true;
    config.scheduler.quarantine_after = 0;  // its devices are of many machines
  }
  const double seconds = runner::allowed_seconds(config.scheduler, std::time(nullptr));
  const double begin = runner::steady_seconds();
  const auto worker = runner::find_worker();
  results::Store store(config.output.database);
  // Two databases do not make two sweeps of the same workers' files.
  const auto files = config.output.folder / "trials";
  runner::make_folder(files);
  const results::WriterLock folder(files);
  if (const int left = runner::ingest_unfinished(store, config.output.keep_checkpoints))
    fmt::print("{} unfinished trial{} of an earlier run: what they recorded is kept\n", left,
               left == 1 ? "" : "s");
  std::unique_ptr<runner::TrialRunner> workers;
  if (o.slurm)
    workers = std::make_unique<runner::SlurmRunner>(config.scheduler.slurm, worker, files);
  else
    workers = std::make_unique<runner::ProcessRunner>(worker);
  runner::Status status(stdout);
  runner::Outcome outcome;
  if (runner::settle_rates(config, store, *workers, status))
    outcome = runner::run_sweep(config, runner::make_plan(config), store, *workers,
                                {.retry_failed = o.retry_failed,
                                 .dry_run = o.dry_run,
                                 .seconds = seconds - (runner::steady_seconds() - begin)});
  else
    outcome.interrupted = true;
  if (outcome.interrupted) {
    fmt::print("stopped; finished trials are kept. The same command continues: archsweep run {}\n",
               o.config);
    return stopped_by_user;
  }
  if (!outcome.obstacle.empty())
    throw Error(fmt::format("{}; {} trials wait: mend it, and the same command goes on",
                            outcome.obstacle, outcome.waiting),
                Exit::environment);
  if (o.dry_run) return static_cast<int>(outcome.failed ? Exit::trials_failed : Exit::done);
  if (outcome.waiting)
    fmt::print(
        "the time is up: {} trials finished, {} wait (from their checkpoints, where they had "
        "begun). "
        "The same command continues: archsweep run {}\n",
        outcome.finished_before + outcome.done, outcome.waiting, o.config);
  else if (outcome.done == 0 && outcome.failed == 0)
    fmt::print("everything is finished already: nothing to run\n");
  if (outcome.given_up)
    fmt::print(
        "{} trials were given up early and stay paused; --set scheduler.early_stopping=none goes "
        "on "
        "with them\n",
        outcome.given_up);
  show_results(config);
  return static_cast<int>(outcome.failed ? Exit::trials_failed : Exit::done);
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("config", o->config, "YAML file of the sweep")->required();
  app.add_option("--set", o->set, "Replace a value: key=value, as in training.epochs=2")
      ->take_all()
      ->expected(1);
  app.add_option("--db", o->database, "Database in place of output.database");
  app.add_flag("--dry-run", o->dry_run,
               "Try every candidate, print the trials in their order, hours, disk and the "
               "time of the end, and stop");
  app.add_option("--budget", o->budget, "Time that the run may take: 90m, 8h");
  app.add_option("--until", o->until, "Time of day at which it ends: 07:00");
  app.add_flag("--slurm", o->slurm,
               "Each trial as a task of Slurm, on machines that share the file system");
  app.add_flag("--retry-failed", o->retry_failed, "Run failed trials again too");
  return [o] { return run(*o); };
}

}  // namespace

extern const Command run_command;
const Command run_command{
    "run", "Run every trial of a config that has no result yet",
    "  archsweep run configs/quickstart.yaml\n"
    "  archsweep run pets.yaml --until 07:00 --set scheduler.early_stopping=frontier\n"
    "  archsweep run pets.yaml --set training.epochs=2 --set 'learning_rate=[1e-3, 4e-3]'\n"
    "  archsweep run pets.yaml --slurm --set slurm.partition=gpu --set slurm.gpus=1\n"
    "Exit code: 0 done, 1 some trials failed, 2 bad config, 3 this machine cannot, 130 stopped.\n"
    "Time that is up is no fault: 0 or 1\n",
    declare};

}  // namespace archsweep::cli
