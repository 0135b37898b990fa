#include "runner/trial/model.h"

#include <ATen/Context.h>
#include <ATen/autocast_mode.h>

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "archs/layers/fold.h"
#include "runner/support/error.h"
#include "runner/trial/images.h"

namespace archsweep::runner {
namespace {

constexpr Precision precisions[] = {
    {"float32", torch::kFloat32, false},
    {"tf32", torch::kFloat32, true},
    {"bfloat16", torch::kBFloat16, false},
    {"float16", torch::kFloat16, false},
};

// Half precision for the operators that LibTorch's list names, while it lives.
class Autocast {
 public:
  Autocast(const torch::Device& device, torch::ScalarType to)
      : type_(device.type()), on_(to != torch::kFloat32) {
    if (!on_) return;
    at::autocast::set_autocast_dtype(type_, to);
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

Precision precision_of(const std::string& word, const torch::Device& device) {
  std::string name = word;
  if (name == "auto") name = device.is_cpu() ? "float32" : "bfloat16";
  if (name == "tf32" && device.is_cpu()) name = "float32";
  const auto at = std::ranges::find(precisions, name, &Precision::name);
  if (at == std::end(precisions))
    throw Error(
        fmt::format("precision '{}': expected auto, float32, tf32, bfloat16 or float16", word));
  return *at;
}

// Convolutions are faster on channels_last (lcnet_100 at 32 pixels 1.6 times), none was slower.
Model::Model(std::shared_ptr<archs::Network> network, const TrainingSpec& spec,
             const torch::Device& device)
    : network_(std::move(network)), device_(device), channels_last_(spec.layout != "contiguous") {
  set_precision(spec.precision);
  network_->to(device_);
  if (channels_last_) to_channels_last(*network_);
}

std::string Model::layout() const {
  return fmt::format("{}{}", channels_last_ ? "channels_last" : "contiguous",
                     is_folded_ ? ", folded" : "");
}

void Model::set_precision(const std::string& word) {
  precision_ = precision_of(word, device_);
  // LibTorch has TF32 on for convolutions unless told otherwise.
  at::globalContext().setAllowTF32CuDNN(precision_.tf32);
  at::globalContext().setAllowTF32CuBLAS(precision_.tf32);
}

int Model::fold_batch_norms(int channels, int side) {
  if (precision_.autocast != torch::kFloat32) return 0;
  const int folded = archs::fold_batch_norms(
      *network_, laid_out(torch::zeros({1, channels, side, side}, device_)));
  is_folded_ = is_folded_ || folded > 0;
  return folded;
}

torch::Tensor Model::laid_out(const torch::Tensor& images) const {
  return images.contiguous(channels_last_ ? torch::MemoryFormat::ChannelsLast
                                          : torch::MemoryFormat::Contiguous);
}

torch::Tensor Model::random_images(int count, int channels, int side) const {
  return laid_out(torch::randn({count, channels, side, side}, device_));
}

torch::Tensor Model::forward(const torch::Tensor& images) {
  Autocast autocast(device_, precision_.autocast);
  return network_->forward(images).to(torch::kFloat32);
}

}  // namespace archsweep::runner
