#pragma once

// Test-time augmentation as fastai's Learner.tta() does it: of an image's probabilities three
// quarters are the mean over augmented views of it, and a quarter is from the image itself.

#include <vector>

#include <torch/types.h>

#include "results/trial.h"
#include "runner/trial/events.h"
#include "runner/trial/spec.h"
#include "runner/trial/train/learner.h"

namespace archsweep::runner {

// The steps that make a view of one image: not those that mix images or erase parts.
std::vector<AugmentStep> view_steps(const std::vector<AugmentStep>& steps);

class ViewedProbabilities {
 public:
  explicit ViewedProbabilities(int views) : views_(views) {}
  // Logits [n, classes] of all images: of each view, and once of the images themselves.
  void add_view(const torch::Tensor& logits);
  void add_plain(const torch::Tensor& logits);

  const torch::Tensor& values() const { return sum_; }  // float32 [n, classes]
  double top1(const torch::Tensor& labels) const;       // int64 [n]
  double loss(const torch::Tensor& labels) const;       // mean of -log

 private:
  void add(const torch::Tensor& logits, double share);

  int views_;
  torch::Tensor sum_;
};

// Predicts the validation images once as they are and spec.measurement.tta times as training
// augments them; what that gives goes into the summary. Equal seeds give equal views.
void test_with_views(Learner& learner, const TrialSpec& spec, EventSink& events,
                     results::Summary& summary);

}  // namespace archsweep::runner
