#pragma once

// Pool, dropout, classifier: maps [n, c, h, w] -> logits [n, classes], or pooled features where
// there are no classes; key `fc`. timm ClassifierHead.

#include <string>

#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include "archs/network.h"

namespace archsweep::archs {

class ClassifierHeadImpl : public torch::nn::Module {
 public:
  ClassifierHeadImpl(int channels, const BuildOptions& options);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  std::string pool_;
  double drop_rate_;
  torch::nn::Linear fc_{nullptr};
};
TORCH_MODULE(ClassifierHead);

}  // namespace archsweep::archs
