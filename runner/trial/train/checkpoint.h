#pragma once

// All that a trial needs to go on after an epoch as if it had not stopped: one safetensors file.
//
//   network.KEY                     weights and buffers, by timm's keys
//   optimizer.first.KEY, ...        what the optimizer remembers of a parameter
//   optimizer.ema.weights.KEY, ...  the average of the weights, where there is one
//   best.KEY                        the weights of the best epoch, where they are the result
//   scaler.scale, ...               of float16's loss scaling, where it is on
//   random.cpu, random.cuda         states of LibTorch's generators: dropout, drop path
//   header                          the rest as JSON, and a checksum of everything
//
// Order and augmentation of the images follow from seed and epoch (data/batches.h), the learning
// rate from the position (schedule.h): neither has a state. Nothing in the file is executed.

#include <filesystem>
#include <string>
#include <vector>

#include "archs/network.h"
#include "archs/weights/tensors.h"
#include "results/trial.h"
#include "runner/trial/data/table_columns.h"
#include "runner/trial/spec.h"
#include "runner/trial/train/best_epoch.h"
#include "runner/trial/train/grad_scaler.h"
#include "runner/trial/train/optimizer.h"

namespace archsweep::runner {

// Where a training stands, and what it is.
struct Standing {
  TrialSpec spec;
  std::string worker;                                 // version of the program
  std::string device;                                 // "cpu" or "cuda"
  std::string split_hash;                             // of the images and their division
  std::string precision;                              // that it is trained in; never "auto"
  std::vector<std::string> class_names;               // empty: numbers
  TableColumns columns;                               // of a table
  int micro_batch = 0;                                // images a forward pass
  double train_memory_bytes = results::not_measured;  // peak so far
  std::vector<results::Epoch> epochs;                 // that are done, from the first
};

struct Checkpoint {
  Standing standing;
  archs::NamedTensors state;
};

// All that moves while a network is trained.
struct Moving {
  const archs::Network& network;
  const Optimizer& optimizer;
  const GradScaler& scaler;
  const BestWeights& best;
  torch::Device device;
};

// The live tensors, but copies of the random states.
archs::NamedTensors training_state(const Moving& moving);

// What the file of this state takes on disk, near enough.
double checkpoint_bytes(const archs::NamedTensors& state);

// Replaces the file as a whole and returns its size in bytes. Throws Error (Exit::environment):
// the file that was there is then still there.
double write_checkpoint(const std::filesystem::path& path, const Standing& standing,
                        const archs::NamedTensors& state);

// Throws Error when the file is damaged, cut short or none of ours.
Checkpoint read_checkpoint(const std::filesystem::path& path);

// Why the training that `now` describes cannot go on from a checkpoint; "" where it can.
std::string obstacle(const Standing& saved, const Standing& now);

// Puts a saved state into the network, the optimizer and the generators. Throws Error "NAME: ...",
// and nothing is changed, when it is of another network or optimizer.
void restore(const archs::NamedTensors& saved, const std::string& name, const Moving& moving);

}  // namespace archsweep::runner
