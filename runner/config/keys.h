#pragma once

// The table of plain keys: the reader, `did you mean` and the JSON Schema all use it. What is not
// a plain value (architectures, learning_rate, augmentation, seeds, plots) is in read.cpp.

#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "runner/config/config.h"

namespace archsweep::runner {

// What the keys fill in, before globs, presets and paths are resolved.
struct Settings {
  DatasetSpec dataset;
  std::vector<std::string> ignore;  // columns of a table
  // NaN: not given; settle_optimizer() knows.
  TrainingSpec training = {.weight_decay = std::numeric_limits<double>::quiet_NaN(),
                           .momentum = std::numeric_limits<double>::quiet_NaN()};
  MeasurementSpec measurement;
  SchedulerConfig scheduler;
  OutputConfig output;  // what is plain of it
  std::string slots = "auto", trial_memory = "auto", trial_time_limit = "none", hang_limit = "15m", budget = "none", until = "none";
  std::string slurm_time = "auto", slurm_memory = "auto";
  std::string name, database, folder;
};

using Target = std::variant<int*, std::int64_t*, std::uint64_t*, double*, bool*, std::string*,
                            std::vector<int>*, std::vector<std::string>*>;

struct Key {
  std::string_view path;  // "training.epochs"
  Target target;          // its default, and where the value goes
  std::string_view help;
  std::vector<std::string> words = {};  // of a text: all that are allowed; of a number: one for 0
  double min = 0;
  double max = std::numeric_limits<double>::max();
  bool above_min = false;  // min itself is not allowed
  bool each_once = false;  // of a list: what comes again is dropped
};

std::vector<Key> keys(Settings& settings);

// A value of `scheduler` or `slurm` that is a number, a duration or a time in words.
struct KeyFault {
  std::string_view section, key, what;
};
// Turns the words into values; tells the wrong ones.
std::vector<KeyFault> settle_scheduler(Settings& settings);

// A key of `training` that an entry of `architectures` may set for itself.
std::vector<Key> training_keys(TrainingSpec& training);

}  // namespace archsweep::runner
