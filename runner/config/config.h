#pragma once

// A validated experiment: plain values, valid by construction. Nothing after read_config() can
// find the config wrong.

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runner/trial/spec.h"

namespace archsweep::runner {

// Where Debian's package dataset-fashion-mnist puts the images.
inline constexpr const char* fashion_mnist_folder = "/usr/share/datasets/fashion-mnist";

// By which the finder suggests a learning rate (results/learning_rate.h); the first is its usual
// one.
inline constexpr std::string_view rate_rules[] = {"valley", "steep", "minimum", "slide"};

// An architecture of the sweep, globs expanded, with the values that hold for it alone.
struct Candidate {
  std::string name;
  std::vector<double> learning_rates;
  std::vector<std::string> rules;  // those that are to be found first, by these (find_rate.h)
  // The plan sets learning_rate and seed; where no rate can be found, this one stays.
  TrainingSpec training;
  DatasetSpec dataset;  // image_size may differ by candidate
};

// What the task of a trial asks for, with `run --slurm`. "": not asked for.
struct SlurmConfig {
  bool is_used = false;
  std::string partition, account, qos, constraint;
  std::string gpus = "none";  // of --gres=gpu:
  double time = 0;            // seconds; 0: by the forecast
  double memory = 0;          // bytes; 0: by the forecast
  std::string extra;          // further options of sbatch
};

struct SchedulerConfig {
  int slots = 0;                // trials at once; 0: auto, as many per GPU as fit, one on CPU
  double trial_memory = 0;      // bytes of a trial on its device; 0: measured
  std::string device = "auto";  // auto, cpu, cuda
  int threads = 0;              // of a trial; 0: cores / slots
  double trial_time_limit = 0;  // seconds; 0: none
  double hang_limit = 900;      // seconds without a sign of life; 0: none
  int retry_crashed = 1, retry_killed = 3, retry_hung = 1, retry_out_of_memory = 1;
  int quarantine_after = 3;             // quick failures in a row on a device; 0: never
  std::string early_stopping = "none";  // none, frontier, halving
  int eta = 3;                          // rungs after 1, eta, eta^2 ... epochs
  double margin = 0.35;                 // share of its error by which a trial may beat its forecast
  std::string preflight = "auto";       // auto, always, never
  double budget = 0;                    // seconds of the whole run; 0: none
  SlurmConfig slurm;
  int until = -1;  // minutes after midnight, local time; -1: none
};

struct OutputConfig {
  std::string name;                          // of the sweep; the config's stem by default
  std::filesystem::path database;            // "<name>.db" beside the working folder by default
  std::filesystem::path folder;              // journals, logs, cache; "<name>-files" by default
  bool keep_checkpoints = false;             // of finished trials
  double checkpoint_gib = 0;                 // room for them; 0: half of what is free
  std::string keep_weights = "frontier";     // of finished trials: none, frontier, all
  double weights_gib = 0;                    // room for them; 0: a quarter of what is free
  bool keep_logits = true;                   // of finished trials, on the validation images
  double logits_gib = 1;                     // room for them
  double cache_gib = 0;                      // room for decoded images; 0: all that is free
  std::vector<std::filesystem::path> plots;  // drawn when the sweep ends
};

struct Config {
  std::string source;  // the YAML as written, extended files and --set included, for the record
  std::filesystem::path path;
  DatasetSpec dataset;
  std::vector<AugmentStep> augmentation;
  std::vector<Candidate> candidates;  // at least one, natural order, no name twice
  std::vector<std::uint64_t> seeds;
  MeasurementSpec measurement;
  SchedulerConfig scheduler;
  OutputConfig output;
};

// Reads the file, what it `extends` and the overrides "training.epochs=2". Collects every fault
// and throws one Error (Exit::usage) whose message has one line a fault:
// "file:line:column: what is wrong; did you mean ...".
Config read_config(const std::filesystem::path&, std::span<const std::string> overrides = {});

// The JSON Schema of the file, from the same table of keys that the reader uses.
std::string json_schema();

}  // namespace archsweep::runner
