#pragma once

// A sweep in a folder with scripted workers: what tests of the scheduler share.

#include <functional>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "results/query.h"
#include "results/store.h"
#include "runner/schedule/scheduler.h"
#include "tests/runner/data/folder.h"
#include "tests/runner/schedule/fake_runner.h"

namespace archsweep::runner {

using results::Cause;
using Names = std::vector<std::string>;

inline Event epoch(int number, double top1) {
  return results::Epoch{.number = number, .train_loss = 1, .valid_top1 = top1, .seconds = 2};
}

inline const Event hello =
    Hello{.environment = {.device = "cpu", .device_name = "Fake", .threads = 1}};
inline const Event latency = results::Measurement{.kind = "latency",
                                                  .dtype = "float32",
                                                  .layout = "contiguous",
                                                  .image_size = 32,
                                                  .protocol = 1,
                                                  .seconds = {0.001, 0.002, 0.003}};
inline const Event done = results::Summary{.parameters = 7, .split_hash = "s"};

inline Script good(double top1 = 0.8) {
  return {hello, epoch(1, top1 / 2), epoch(2, top1), latency, done, Ended{}};
}
inline Script prepared() {
  return {hello,
          Event(Prepared{
              .train_samples = 8, .valid_samples = 2, .classes = 2, .bad_files = {"x: cut"}}),
          Ended{}};
}
inline Script failing(Cause cause, const std::string& message) {
  return {hello, epoch(1, 0.5), Event(results::Failure{cause, message, ""}),
          Ended{.exit_code = 1, .tail = "last words"}};
}

inline PlannedTrial trial(const std::string& name, const std::string& root = "/data") {
  PlannedTrial t{.family = "fake", .cost = 1};
  t.spec.architecture = name;
  t.spec.dataset.kind = "idx";
  t.spec.dataset.root = root;
  t.fingerprint = fingerprint(t.spec);
  return t;
}

// A database and a config in a folder; each run() is a new scheduler, as after a restart.
struct Sweep {
  Folder folder;
  Config config;
  FakeRunner runner;
  std::map<std::string, Script> scripts;     // by architecture; good() where there is none
  std::function<Script(const Launch&)> act;  // of jobs that train or try, in place of these
  RunOptions options;
  int idle_ticks = 0;

  Sweep() {
    config.output.name = "test";
    config.output.database = database();
    config.output.folder = folder.path / "files";
    config.scheduler.device = "cpu";
    config.scheduler.threads = 3;
  }
  std::filesystem::path database() const { return folder.path / "a.db"; }

  Outcome run(const Names& names, bool retry_failed = false) {
    std::vector<PlannedTrial> plan;
    for (const auto& name : names) plan.push_back(trial(name));
    return run(plan, retry_failed);
  }
  Outcome run(const std::vector<PlannedTrial>& plan, bool retry_failed = false) {
    options.retry_failed = retry_failed;
    runner = {};
    runner.idle_ticks = idle_ticks;
    runner.script = [this](const Launch& launch) {
      if (launch.job.kind == "prepare")
        return scripts.contains("prepare") ? scripts["prepare"] : prepared();
      if (act) return act(launch);
      const auto at = scripts.find(launch.job.spec.architecture);
      return at == scripts.end() ? good() : at->second;
    };
    results::Store store(database());
    return run_sweep(config, plan, store, runner, options);
  }

  // The first column, as text.
  Names ask(const std::string& sql) const {
    Names found;
    for (const auto& row : results::Reader(database()).ask(sql).rows)
      found.push_back(std::visit(
          [](const auto& v) -> std::string {
            using T = std::decay_t<decltype(v)>;
            if constexpr (std::is_same_v<T, std::monostate>)
              return "null";
            else if constexpr (std::is_same_v<T, std::string>)
              return v;
            else
              return std::to_string(v).substr(0, 6);
          },
          row[0]));
    return found;
  }
  std::string state(const std::string& architecture) const {
    return ask("SELECT state FROM trials WHERE architecture = '" + architecture + "'").at(0);
  }
};

}  // namespace archsweep::runner
