#pragma once

// A network on its device with the data it learns from, and one step of learning: what training,
// the preflight and the sweep of learning rates share.

#include <optional>
#include <utility>

#include <torch/types.h>

#include "results/trial.h"
#include "runner/trial/augment/batch.h"
#include "runner/trial/data/batches.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/events.h"
#include "runner/trial/images.h"
#include "runner/trial/measure/lease.h"
#include "runner/trial/model.h"
#include "runner/trial/protocol.h"
#include "runner/trial/train/grad_scaler.h"
#include "runner/trial/train/objective.h"
#include "runner/trial/train/optimizer.h"

namespace archsweep::runner {

// How often long work tells of itself.
inline constexpr double progress_seconds = 0.5;

// The data set of a job; tells how far it is. check: read every stored image.
Dataset open_data(const Job& job, EventSink& events, bool check);

class Learner {
 public:
  // Waits until the device is not timed on, opens the data, and builds the network with the weights
  // that it begins with. Both must outlive it. Throws Error, or c10::Error from LibTorch.
  Learner(const Job& job, EventSink& events);

  const torch::Device& device() const { return device_; }
  const Dataset& dataset() const { return dataset_; }
  const Objective& objective() const { return objective_; }
  Model& model() { return *model_; }
  Lease& lease() { return *lease_; }
  Optimizer optimizer();
  // Fresh, on the CPU, with the weights of chance.
  std::shared_ptr<archs::Network> make_network() const;

  // The word of TrainingSpec::precision, to be settled before the first step (settle_precision);
  // loss scaling begins anew.
  void use_precision(const std::string& word);
  const GradScaler& scaler() const { return scaler_; }

  // What is known before the first step.
  results::Summary summary();

  // Images of one forward pass; learn() halves it where the memory is too small.
  int micro_batch() const { return micro_batch_; }
  void set_micro_batch(int images) { micro_batch_ = images; }

  BatchLoader training_loader(int epoch) const;
  BatchLoader validation_loader() const;

  // uint8 [n, channels, side, side] of images, float32 [n, columns] of rows.
  torch::Tensor to_samples(const Batch& batch) const;
  torch::Tensor to_targets(const Batch& batch) const { return objective_.targets(batch, device_); }
  // As the network takes them: images as float32, less the mean, over the deviation, laid out.
  torch::Tensor to_input(const torch::Tensor& samples) const;
  torch::Tensor forward(const torch::Tensor& samples) { return model_->forward(to_input(samples)); }

  // Gradients of a batch, augmented. Its loss and logits.
  struct Learned {
    torch::Tensor loss;    // scalar: the mean, by the samples' weights
    double weight;         // their sum; n where they have none
    torch::Tensor logits;  // float32 [n, outputs], before the step
  };
  Learned learn(Optimizer& optimizer, const Batch& batch, const torch::Tensor& targets);
  // The same, and a step of the optimizer, unless no sample has a weight or float16 no numbers for
  // the gradients.
  Learned take_step(Optimizer& optimizer, const Batch& batch, const torch::Tensor& targets,
                    const Rates& rates);
  void step(Optimizer& optimizer, const Rates& rates);  // after learn()

  // Before a step: whoever wants to time goes first. Returns the seconds that it took.
  double step_aside();

 private:
  void build(EventSink& events);
  Learned backward(const Batch& batch, const torch::Tensor& targets);

  const TrialSpec& spec_;
  torch::Device device_;
  std::optional<Lease> lease_;
  Dataset dataset_;
  Objective objective_;
  std::optional<Model> model_;
  GradScaler scaler_;
  Normalize normalize_;
  BatchAugmenter augmenter_;
  int micro_batch_;
  int least_ = 1;  // samples of a forward pass in training
};

}  // namespace archsweep::runner
