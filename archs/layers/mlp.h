#pragma once

// The layers after attention or depthwise convolution; keys `fc1`, `fc2`. timm layers/mlp.py.

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <optional>

#include "archs/layers/act.h"
#include "archs/layers/norm.h"
#include "archs/layers/scalar_affine.h"

namespace archsweep::archs {

// Global response norm: x + weight * x * (length of the channel's map over their mean) + bias.
// timm GlobalResponseNorm; paper: https://arxiv.org/abs/2301.00808.
class GlobalResponseNormImpl : public torch::nn::Module {
 public:
  GlobalResponseNormImpl(int channels, bool channels_last);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::Tensor weight_, bias_;
  bool channels_last_;
};
TORCH_MODULE(GlobalResponseNorm);

struct MlpOptions {
  Act act = Act::gelu;
  bool conv = false;           // 1x1 convolutions over [n, c, h, w] instead of linear layers
  bool star_relu = false;      // StarReLU instead of `act`; key `act`
  bool response_norm = false;  // between the layers; key `grn`
  bool bias = true;
  std::optional<NormOptions> norm = {};  // after the activation; key `norm`
};

// Two linear layers around an activation; input [..., c]. timm Mlp and GlobalResponseNormMlp.
class MlpImpl : public torch::nn::Module {
 public:
  MlpImpl(int channels, int hidden, const MlpOptions& options);
  torch::Tensor forward(const torch::Tensor& x);

 private:
  torch::nn::Linear fc1_{nullptr}, fc2_{nullptr};
  torch::nn::Conv2d conv1_{nullptr}, conv2_{nullptr};
  StarRelu star_relu_{nullptr};
  GlobalResponseNorm grn_{nullptr};
  Norm norm_{nullptr};
  Act act_;
};
TORCH_MODULE(Mlp);

struct GatedMlpOptions {
  Act act = Act::silu;
  bool packed = false;     // gate and value from one layer `fc1`, half of `hidden` each; else from
                           // `fc1_g` and `fc1_x`, all of it each
  bool gate_last = false;  // packed: the second half is the gate
  bool bias = true;
};

// fc2(act(gate(x)) * value(x)); input [..., c]. timm SwiGLU, SwiGLUPacked and GluMlp;
// paper: https://arxiv.org/abs/2002.05202.
class GatedMlpImpl : public torch::nn::Module {
 public:
  GatedMlpImpl(int channels, int hidden, const GatedMlpOptions& options);
  torch::Tensor forward(const torch::Tensor& x);

  // As timm begins: the gate (of a packed layer the second half, whichever gates) is near 1.
  void init_gate();

 private:
  torch::nn::Linear fc1_{nullptr}, gate_{nullptr}, value_{nullptr}, fc2_{nullptr};
  Act act_;
  bool gate_last_;
};
TORCH_MODULE(GatedMlp);

}  // namespace archsweep::archs
