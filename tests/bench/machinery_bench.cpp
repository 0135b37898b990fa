// What the machinery around a trial costs: a sweep of trials that do nothing, each in a process of
// its own, through the true ProcessRunner and Store. The sweep's lines go to stdout, the figures to
// stderr.
//
//   ARCHSWEEP_TRIAL=PROGRAM machinery_bench TRIALS FOLDER [none|frontier|halving]
//
// A script with `exec archsweep-trial` as the program shows what it costs without the fork server.
// end_to_end/machinery_test.py looks at what this leaves in FOLDER/machinery.db.

#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "results/store.h"
#include "runner/schedule/budget.h"
#include "runner/schedule/process_runner.h"
#include "runner/schedule/scheduler.h"
#include "runner/schedule/worker.h"
#include "runner/support/error.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

// Every job is "nothing"; to the scheduler it looks like what it asked for.
class Nothings final : public TrialRunner {
 public:
  explicit Nothings(std::filesystem::path program) : processes_(std::move(program)) {}

  int start(const Launch& launch) override {
    auto nothing = launch;
    nothing.job.kind = "nothing";
    const int pid = processes_.start(nothing);
    kinds_[pid] = launch.job.kind;
    return pid;
  }
  Happening next() override {
    auto happening = processes_.next();
    auto* event = std::get_if<Event>(&happening.what);
    if (event && std::holds_alternative<results::Summary>(*event)) {
      const auto& kind = kinds_[happening.pid];
      if (kind == "prepare")
        *event = Prepared{.split_hash = "none", .train_samples = 1000};
      else if (kind == "preflight")
        *event = Preflight{.train_step_seconds = 1e-3, .latency = 1e-3};
    }
    if (std::holds_alternative<Ended>(happening.what)) kinds_.erase(happening.pid);
    return happening;
  }
  void stop(bool at_once) override { processes_.stop(at_once); }

 private:
  ProcessRunner processes_;
  std::map<int, std::string> kinds_;  // of the jobs that were asked for, by pid
};

std::vector<PlannedTrial> planned(std::size_t count) {
  std::vector<PlannedTrial> plan;
  for (std::size_t i = 0; i < count; ++i) {
    PlannedTrial t{.family = "none", .cost = 1};
    t.spec.architecture = fmt::format("nothing{}", i / 20);
    t.spec.dataset.kind = "idx";
    t.spec.dataset.root = "none";
    t.spec.training.learning_rate = 1e-3 * static_cast<double>(1 + i % 4);
    t.spec.training.seed = i / 4 % 5;
    t.fingerprint = fingerprint(t.spec);
    plan.push_back(std::move(t));
  }
  return plan;
}

double cpu_seconds(int who) {
  rusage used{};
  ::getrusage(who, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

// Peak resident memory of this process.
double peak_mib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (double kib = 0; word == "VmHWM:" && status >> kib) return kib / 1024;
  return 0;
}

int run(std::size_t count, const std::filesystem::path& folder, const std::string& stopping) {
  Config config;
  config.output.name = "machinery";
  config.output.database = folder / "machinery.db";
  config.output.folder = folder / "files";
  config.scheduler.device = "cpu";
  config.scheduler.threads = 1;
  config.scheduler.early_stopping = stopping;
  const auto plan = planned(count);
  const double begin = steady_seconds(), own = cpu_seconds(RUSAGE_SELF);
  Outcome outcome;
  {
    results::Store store(config.output.database);
    Nothings runner(find_worker());
    outcome = run_sweep(config, plan, store, runner);
  }
  const auto each = [&](double seconds) { return 1e3 * seconds / static_cast<double>(count); };
  fmt::print(stderr,
             "{} trials, {} done, {} failed; a trial {:.2f} ms, of CPU {:.2f} ms in the scheduler "
             "and {:.2f} ms in its processes; the scheduler's peak memory {:.0f} MiB\n",
             count, outcome.done, outcome.failed, each(steady_seconds() - begin),
             each(cpu_seconds(RUSAGE_SELF) - own), each(cpu_seconds(RUSAGE_CHILDREN)), peak_mib());
  return outcome.failed ? 1 : 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4)
    return fmt::print(stderr, "usage: machinery_bench TRIALS FOLDER [none|frontier|halving]\n"), 2;
  try {
    return run(std::strtoul(argv[1], nullptr, 10), argv[2], argc == 4 ? argv[3] : "none");
  } catch (const Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return static_cast<int>(e.code());
  }
}
