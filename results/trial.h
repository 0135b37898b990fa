#pragma once

// What is stored of a trial, as plain values. The worker, the scheduler and the store speak in
// these. Seconds are seconds, bytes are bytes, shares are 0..1; NaN marks what was not measured.

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace archsweep::results {

inline constexpr double not_measured = std::numeric_limits<double>::quiet_NaN();

enum class SweepId : std::int64_t {};
enum class TrialId : std::int64_t {};

//   planned -> running -> done | failed        running -> planned when the scheduler dies or is
// stopped; running -> paused at a rung, with a checkpoint, paused -> running when it is promoted.
// A failed trial is a result like any other: kept, shown, retried only when asked.
enum class TrialState { planned, running, paused, done, failed };

// The first four are reported by the worker, the rest concluded by the scheduler. killed: by
// somebody else; hung: by the scheduler, as it gave no sign of life.
enum class Cause { out_of_memory, diverged, bad_data, bad_config, timeout, crashed, killed, hung };

std::string_view name(TrialState);  // "planned"
std::string_view name(Cause);       // "out_of_memory"
TrialState trial_state(std::string_view);
Cause cause(std::string_view);

struct NewTrial {
  std::string fingerprint;  // SHA-256 of the canonical spec: everything that can change the outcome
  std::string source = "sweep";  // or "bench"
  std::string architecture;
  std::string tag;  // of pretrained weights that are measured as they are
  std::string family;
  std::string dataset;  // a word for it
  double learning_rate = 0;
  std::uint64_t seed = 0;
  int epochs = 0;
  int image_size = 0;
  std::string recipe_hash;  // of the spec without architecture, learning rate and seed: accuracies
                            // compare within it
  std::string spec;         // the trial's own JSON, so that it can be run again by hand
};

// Where a trial ran: what speeds and memory compare within.
struct Environment {
  std::string device;       // "cpu", "cuda:0"
  std::string device_name;  // "Intel(R) Xeon(R) ...", "NVIDIA H100"
  std::string driver;       // "" on CPU
  std::string torch;        // "2.15.0"
  std::string archsweep;    // version of the worker
  int threads = 0;
  std::string host;
  std::string os;
};

struct Epoch {
  int number = 0;  // from 1
  double train_loss = not_measured;
  double train_top1 = not_measured;
  double valid_loss = not_measured;
  double valid_top1 = not_measured;
  double valid_top5 = not_measured;
  // Of the weights as they are trained, where an average of them is what is validated.
  double plain_top1 = not_measured;
  double learning_rate = 0;  // at the end of the epoch
  double seconds = 0;        // training part
  double valid_seconds = 0;
  double samples_per_second = 0;  // training part
  double data_wait_share = 0;
};

// One timing of the network.
struct Measurement {
  // "latency" (batch 1) or "throughput"; of training "train_step", and in a run of their own its
  // parts "train_forward", "train_backward", "train_optimizer"; "step_in_bfloat16" and the like:
  // the best step in each precision that a training chose from
  std::string kind;
  int batch_size = 1;
  std::string dtype;   // "float32", "bfloat16"
  std::string layout;  // "channels_last", "contiguous"
  int image_size = 0;
  int protocol = 0;             // version of how it was measured
  std::vector<double> seconds;  // each timed run of a batch, in order: the raw samples
  std::string conditions;  // JSON: clocks, temperature, load before and after; "" where unknown
};

// The samples of one kind and batch size of a trial: of the attempt that counts, or of all rounds
// of a benchmark.
struct Pooled {
  std::string kind;
  int batch_size = 1;
  int image_size = 0;
  int rounds = 0;
  std::size_t samples = 0;
  double p50 = not_measured, p90 = not_measured, p99 = not_measured;  // seconds a batch
  double mad = not_measured;
  double low = not_measured, high = not_measured;  // 95 % interval of p50
  double samples_per_second = not_measured;        // batch_size / p50
};

// What a finished trial reports at its end. Per-epoch numbers are in its epochs.
struct Summary {
  std::int64_t parameters = 0;
  std::int64_t macs = 0;
  std::int64_t activations =
      0;  // values that convolutions and matrix products write, of one sample
  double train_memory_bytes = not_measured;
  double inference_memory_bytes = not_measured;
  std::string dtype;  // that training chose
  std::string layout;
  int micro_batch = 0;  // images a forward pass in training; less than the batch where memory was
                        // short: batch norm's statistics are of so many
  std::string split_hash;  // of the images and the division into train and validation
  int train_samples = 0;
  int valid_samples = 0;
  int classes = 0;
  // Of the validation images with test-time augmentation, where the trial has it.
  int result_epoch = 0;  // whose weights and accuracy are the trial's; 0: the last
  double tta_top1 = not_measured, tta_loss = not_measured;
};

// What trying a candidate before the sweep told: medians and a peak.
struct CandidateCost {
  double train_step_seconds = not_measured;  // of a batch
  double latency = not_measured;             // seconds, batch 1
  double train_memory_bytes = not_measured;
  double checkpoint_bytes = not_measured;
};

// A training in which the learning rate rises from step to step.
struct RateSweep {
  std::vector<double> rates;   // of each step, rising
  std::vector<double> losses;  // after it, smoothed; as many
};

// How far a trial has come, over all its attempts.
struct Reached {
  std::vector<double> top1;  // after each epoch, from the first
  double seconds = 0;        // that these epochs took, validation included
};

struct Failure {
  Cause cause = Cause::crashed;
  std::string message;      // one line
  std::string stderr_tail;  // the last of what the worker wrote, filled in by the scheduler
};

}  // namespace archsweep::results
