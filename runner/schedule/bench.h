#pragma once

// A benchmark's loop: visits every candidate in rounds, each visit a process of its own, and times
// a small known network, the canary, before, between and after them: when that one's time moves,
// the machine has changed, and the round is repeated.

#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "results/store.h"
#include "runner/plan/plan.h"
#include "runner/schedule/trial_runner.h"

namespace archsweep::runner {

// Of a round, at most: how much slower the canary ran before or after it than at its fastest. The
// canary's own median differs by 1 to 2 % between processes of a quiet machine.
inline constexpr double drift_limit = 0.05;

struct BenchPlan {
  std::vector<PlannedTrial> candidates;  // specs with random input; fingerprints are made here
  int rounds = 3;
  std::string device = "cpu";
  int threads = 0;
  std::string command;           // for the record
  std::filesystem::path folder;  // of logs and journals; those of visits that went well are removed
};

// What could not be timed.
struct BenchFault {
  int batch_size = 0;  // 0: nothing could
  bool training = false;
  results::Failure failure;
};

struct Benched {
  std::optional<results::Summary> summary;  // none: nothing could be timed
  std::vector<results::Pooled> speeds;
  std::vector<BenchFault> faults;
};

struct BenchOutcome {
  std::vector<Benched> candidates;  // as in the plan
  std::vector<double> canaries;     // seconds, before the first round and after each
  bool interrupted = false;
};

// resnet18 at 64 pixels: plain 3x3 convolutions that every platform is good at, milliseconds on a
// CPU; on a GPU 256 images at once, so that the clocks tell and not the launching.
TrialSpec canary_spec(const MeasurementSpec& measurement, const std::string& device);

// How much slower the canary was around each round than at its fastest: 0.1 is 10 %. A canary that
// could not be timed (NaN) says nothing.
std::vector<double> drifts(std::span<const double> canaries);
// Which rounds count: the `wanted` of the least drift, in doubt the earlier.
std::vector<bool> rounds_that_count(std::span<const double> drifts, int wanted);

// What a candidate is called: "resnet18", or the last word of an export's folder; "..., folded".
std::string bench_name(const TrialSpec& spec);

// Records everything in the store as it comes. `say` gets a line for the log each time that
// something is known, `doing` what is under way.
BenchOutcome run_bench(const BenchPlan& plan, results::Store& store, TrialRunner& runner,
                       const std::function<void(const std::string&)>& say,
                       const std::function<void(const std::string&)>& doing);

}  // namespace archsweep::runner
