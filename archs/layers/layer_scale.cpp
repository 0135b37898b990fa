#include "archs/layers/layer_scale.h"

namespace archsweep::archs {

LayerScaleImpl::LayerScaleImpl(int channels, double initial, const std::string& key) {
  gamma_ = register_parameter(key, torch::full(channels, initial));
}

torch::Tensor LayerScaleImpl::forward(const torch::Tensor& x) {
  return x * gamma_;
}

torch::Tensor LayerScale2dImpl::forward(const torch::Tensor& x) {
  return x * gamma_.view({1, -1, 1, 1});
}

}  // namespace archsweep::archs
