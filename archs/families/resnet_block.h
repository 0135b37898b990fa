#pragma once

// What the blocks of ResNet share with those of Res2Net, ResNeSt and SKNet, which put other blocks
// into its network.

#include <memory>

#include <torch/nn/modules/container/any.h>
#include <torch/nn/modules/container/sequential.h>

#include "archs/families/resnet.h"

namespace archsweep::archs::resnet {

// Where in the network a block stands.
struct Place {
  int in;     // channels
  int out;    // channels
  int width;  // of the stage
  int stride;
  bool project;  // the shortcut needs a convolution: the shape changes
  double drop_path;
  const Pruned* pruned;  // nullptr: not
};

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

// Defined by the families of these names.
namespace archsweep::archs::res2net {
std::shared_ptr<resnet::Residual> block(const resnet::Variant& v, const resnet::Place& place);
}
namespace archsweep::archs::resnest {
std::shared_ptr<resnet::Residual> block(const resnet::Variant& v, const resnet::Place& place);
}
namespace archsweep::archs::sknet {
std::shared_ptr<resnet::Residual> basic(const resnet::Variant& v, const resnet::Place& place);
std::shared_ptr<resnet::Residual> bottleneck(const resnet::Variant& v, const resnet::Place& place);
}  // namespace archsweep::archs::sknet
