#include "runner/trial/model.h"

#include <ATen/autocast_mode.h>

#include <utility>

#include "runner/trial/images.h"

namespace archsweep::runner {
namespace {

// bfloat16 for the operators that LibTorch's list names, while it lives.
class Autocast {
 public:
  Autocast(const torch::Device& device, bool on) : type_(device.type()), on_(on) {
    if (!on_) return;
    at::autocast::set_autocast_dtype(type_, torch::kBFloat16);
    at::autocast::set_autocast_enabled(type_, true);
  }
  ~Autocast() {
    if (!on_) return;
    at::autocast::clear_cache();
    at::autocast::set_autocast_enabled(type_, false);
  }
  Autocast(const Autocast&) = delete;
  Autocast& operator=(const Autocast&) = delete;

 private:
  c10::DeviceType type_;
  bool on_;
};

}  // namespace

// Convolutions are faster on channels_last (lcnet_100 at 32 pixels 1.6 times), none was slower. On
// CPU bfloat16 is a gain for some networks and a loss for others, so there it is asked for.
Model::Model(std::shared_ptr<archs::Network> network, const TrainingSpec& spec,
             const torch::Device& device)
    : network_(std::move(network)),
      device_(device),
      channels_last_(spec.layout != "contiguous"),
      bfloat16_(spec.precision == "bfloat16" || (spec.precision == "auto" && !device.is_cpu())) {
  network_->to(device_);
  if (channels_last_) to_channels_last(*network_);
}

torch::Tensor Model::laid_out(const torch::Tensor& images) const {
  return images.contiguous(channels_last_ ? torch::MemoryFormat::ChannelsLast
                                          : torch::MemoryFormat::Contiguous);
}

torch::Tensor Model::random_input(int count, const InputShape& shape) const {
  if (!shape.is_row())
    return laid_out(torch::randn({count, shape.channels, shape.side, shape.side}, device_));
  std::vector<torch::Tensor> columns;
  for (const int codes : shape.categories)
    columns.push_back(
        torch::randint(codes, {count, 1}, torch::TensorOptions(device_).dtype(torch::kFloat32)));
  columns.push_back(torch::randn({count, shape.numbers}, device_));
  return torch::cat(columns, 1);
}

torch::Tensor Model::forward(const torch::Tensor& input) {
  Autocast autocast(device_, bfloat16_);
  return network_->forward(input).to(torch::kFloat32);
}

}  // namespace archsweep::runner
