#pragma once

// A sweep without training: trials whose whole learning curve is known are handed out as the rules
// say, and what that cost and found is compared with training all of them to the end.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "runner/schedule/halving.h"

namespace archsweep::runner {

struct KnownTrial {
  Contender start;            // nothing done yet
  std::vector<double> curve;  // top1 after each epoch
  double epoch_seconds = 0;
};

struct Simulated {
  double seconds = 0, all_seconds = 0;  // of training, and of training everything
  int finished = 0;
  int frontier = 0, kept = 0;  // points of the true frontier; those that were finished
  double worst_loss = 0;       // of accuracy, over the true frontier: how much better it is than
                               // the best finished trial that is at least as fast
  double saved() const { return 1 - seconds / all_seconds; }
};

Simulated simulate(std::vector<KnownTrial> trials, const HalvingRules& rules, int slots = 1);

// The 894 runs of "The best vision models for fine-tuning" as trials of `epochs` epochs: final
// error rates and times are those of the file (dataset,model_name,...,error_rate,...,fit_time), the
// curves are made. error(t) = final + (first - final) (1 - t)^p falls from guessing; p differs by
// family, which is the kind here (log-normal around 4, so that slow starters overtake early
// leaders) and, less, by trial; each validation has noise of `noise` (standard deviation). Runs
// without an error rate or a time are left out.
std::vector<KnownTrial> fine_tuning_study(const std::filesystem::path& csv, int epochs,
                                          std::uint64_t seed, double noise = 0.005);

// A sweep that was recorded epoch by epoch: a CSV with the columns
// recipe,family,architecture,learning_rate,seed,latency,epoch,seconds,top1.
std::vector<KnownTrial> recorded_sweep(const std::filesystem::path& csv);

}  // namespace archsweep::runner
