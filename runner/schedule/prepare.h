#pragma once

// Before the first trial: every data set of the plan is read, checked and cached.

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/schedule/status.h"
#include "runner/schedule/trial_runner.h"
#include "runner/support/fd.h"

namespace archsweep::runner {

// And those that it is in. Throws Error (Exit::environment).
void make_folder(const std::filesystem::path&);

struct PreparedSweep {
  std::map<std::string, Prepared> by_dataset;  // by dataset_key()
  results::Environment environment;            // of the first slot
  std::vector<Fd> caches;                      // held as in use between the trials too
};

std::string dataset_key(const TrialSpec& spec);

// A job of this sweep, with its cache; without journal and checkpoint.
Job make_job(const Config& config, std::string kind, const TrialSpec& spec, std::string device,
             int threads);

// Makes the folders of the output. Of files that are left out, and of images that are trained on
// and validated with, so many are named. Throws Error when a data set cannot be used. Nothing: the
// user stopped it.
std::optional<PreparedSweep> prepare_data(const Config& config,
                                          std::span<const PlannedTrial* const> trials,
                                          TrialRunner& runner, Status& status,
                                          std::size_t most_named = 20);

}  // namespace archsweep::runner
