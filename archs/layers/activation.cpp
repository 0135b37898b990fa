#include "archs/layers/activation.h"

namespace archsweep::archs {

torch::Tensor activate(Act act, const torch::Tensor& x) {
  switch (act) {
    case Act::identity:
      return x;
    case Act::relu:
      return torch::relu(x);
    case Act::relu6:
      return torch::clamp(x, 0, 6);
    case Act::gelu:
      return torch::gelu(x);
    case Act::gelu_tanh:
      return torch::gelu(x, "tanh");
    case Act::quick_gelu:
      return x * torch::sigmoid(1.702 * x);
    case Act::silu:
      return torch::silu(x);
    case Act::hard_swish:
      return torch::hardswish(x);
    case Act::hard_sigmoid:
      return torch::hardsigmoid(x);
    case Act::sigmoid:
      return torch::sigmoid(x);
  }
  return x;
}

}  // namespace archsweep::archs
