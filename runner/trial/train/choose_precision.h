#pragma once

// What `precision: auto` stands for: a few training steps in each precision that the device is good
// at, on the real shape; the first of them unless another is clearly faster.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <torch/types.h>

#include "archs/network.h"
#include "runner/trial/events.h"
#include "runner/trial/protocol.h"
#include "runner/trial/spec.h"
#include "runner/trial/train/learner.h"

namespace archsweep::runner {

// Of a training that begins: the precision that its spec names, or what the job knows of "auto", or
// what is found now; with the device alone while steps are timed, each told as a Measurement.
void settle_precision(Learner& learner, const Job& job, EventSink& events);

struct PrecisionChoice {
  std::string name;
  int batch_size = 0;  // images a step
  // Of each candidate in their order: its best step, forward and backward; infinity: not finite, or
  // hopelessly slow. Empty: none was timed.
  std::vector<std::pair<std::string, double>> seconds;
};

// A training of fewer steps is not worth the measuring, and takes the first candidate.
inline constexpr double fewest_steps = 200;
// By which share a step must be shorter for a candidate to be taken in place of one before it. So
// two that are near each other do not change places from one measuring to the next.
inline constexpr double clear_gain = 0.25;

// On CPU float32, and bfloat16 where the processor has instructions for it; on a GPU tf32, bfloat16
// and float16.
std::vector<std::string> precision_candidates(const torch::Device& device);

// The first whose time no later one undercuts clearly.
std::string clearly_fastest(const std::vector<std::pair<std::string, double>>& seconds);

// Leaves the generators of random numbers as they were: training after it is the same as without.
// Where the memory is too small for `batch_size` images, half of them are timed and so on. One
// whose logits are not finite is no candidate. The caller holds the device alone. `tell` is called
// before each step.
PrecisionChoice time_precisions(const std::function<std::shared_ptr<archs::Network>()>& build,
                                const TrialSpec& spec, const torch::Device& device, int batch_size,
                                const std::function<void()>& tell);

// A choice is found once for an architecture, shape and device and kept in a file of `folder`, so
// that trials which differ in learning rate or seed are trained alike. Read: "" where there is
// none.
std::filesystem::path choice_file(const std::filesystem::path& folder, const TrialSpec& spec,
                                  const torch::Device& device, int threads);
std::string read_choice(const std::filesystem::path& file, const torch::Device& device);
void write_choice(const std::filesystem::path& file, const PrecisionChoice& choice);

}  // namespace archsweep::runner
