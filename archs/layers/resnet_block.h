#pragma once

// What the blocks of ResNet share with those of Res2Net, ResNeSt and SKNet, which put other blocks
// into its network.

#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/container/sequential.h>

#include "archs/layers/resnet_plan.h"

namespace archsweep::archs::resnet {

// relu(x + path(x)); key `downsample` where x is projected.
class Residual : public torch::nn::Module {
 public:
  explicit Residual(const Place& place) : drop_path_(place.drop_path) {}
  torch::Tensor forward(const torch::Tensor& x);

 protected:
  virtual torch::Tensor path(const torch::Tensor& x) = 0;
  void add_shortcut(const Variant& v, const Place& place);  // after the path's own layers

 private:
  torch::nn::Sequential downsample_{nullptr};
  double drop_path_;
};

torch::nn::AnyModule norm(const Variant& v, int channels);

// Width of the grouped convolution in a bottleneck.
inline int inner_width(const Variant& v, int width) {
  return width * v.base_width / 64 * v.groups;
}

}  // namespace archsweep::archs::resnet
