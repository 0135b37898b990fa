#pragma once

// What a training makes small: the cross-entropy with classes, or the squared distance to numbers.

#include <torch/types.h>

#include "runner/trial/data/batches.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// So many numbers a network has to give.
int outputs_of(const TrainingSpec& spec, int classes);

class Objective {
 public:
  Objective() = default;
  // Throws Error where the loss is not for such targets.
  Objective(const TrainingSpec& spec, const Dataset& dataset);

  int outputs() const;  // of the network
  // int64 labels [count], or float32 numbers [count], on the device.
  torch::Tensor targets(const Batch& batch, const torch::Device& device) const;
  // Mean over a batch, or that of each sample [n], of the network's float32 outputs [n, outputs()];
  // the targets may also be shares of the classes [n, classes].
  torch::Tensor loss(const torch::Tensor& outputs, const torch::Tensor& targets,
                     double label_smoothing = 0, bool each = false) const;
  // Which classes [n, at most 5] the outputs tell, best first; those of one output by its half.
  torch::Tensor guesses(const torch::Tensor& outputs) const;
  // Of two classes: the higher, the more likely it is the second [n].
  torch::Tensor scores(const torch::Tensor& outputs) const;

  int classes() const { return classes_; }  // 0: the targets are numbers
  // A loss above is that of a training that has diverged.
  double largest_loss() const { return largest_loss_; }

 private:
  int classes_ = 0;
  bool is_mse_ = false;
  double largest_loss_ = 0;
};

}  // namespace archsweep::runner
