#include "archs/layers/scalar_affine.h"

namespace archsweep::archs {

ScalarAffineImpl::ScalarAffineImpl() {
  scale_ = register_parameter("scale", torch::ones(1));
  bias_ = register_parameter("bias", torch::zeros(1));
}

torch::Tensor ScalarAffineImpl::forward(const torch::Tensor& x) {
  return scale_ * x + bias_;
}

torch::Tensor StarReluImpl::forward(const torch::Tensor& x) {
  return ScalarAffineImpl::forward(torch::relu(x).square());
}

}  // namespace archsweep::archs
