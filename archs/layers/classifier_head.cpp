#include "archs/layers/classifier_head.h"

#include "archs/layers/pool.h"

namespace archsweep::archs {

namespace nn = torch::nn;

ClassifierHeadImpl::ClassifierHeadImpl(int channels, const BuildOptions& o)
    : pool_(pool_or(o.global_pool, "avg")), drop_rate_(o.drop_rate) {
  const int classes = o.num_classes < 0 ? 1000 : o.num_classes;
  if (classes > 0) fc_ = register_module("fc", nn::Linear(channels * pool_width(pool_), classes));
}

torch::Tensor ClassifierHeadImpl::forward(const torch::Tensor& x) {
  const auto pooled = torch::dropout(global_pool(pool_, x), drop_rate_, is_training());
  return fc_ ? fc_(pooled) : pooled;
}

}  // namespace archsweep::archs
