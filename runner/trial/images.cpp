#include "runner/trial/images.h"

#include "runner/trial/augment/copy_ahead.h"

namespace archsweep::runner {

static torch::Tensor per_channel(const archs::Rgb& values, int channels,
                                 const torch::Device& device) {
  auto three = torch::tensor(at::ArrayRef<double>(values.data(), values.size()), torch::kFloat64);
  if (channels == 1) three = three.mean(0, /*keepdim=*/true);
  return (three * 255).to(device, torch::kFloat32).view({1, -1, 1, 1});
}

Normalize::Normalize(const archs::Preprocessing& p, int channels, const torch::Device& device)
    : mean_(per_channel(p.mean, channels, device)), std_(per_channel(p.std, channels, device)) {}

torch::Tensor Normalize::operator()(const torch::Tensor& images) const {
  auto values = images.to(mean_.device(), torch::kFloat32, /*non_blocking=*/false, /*copy=*/true);
  values.sub_(mean_).div_(std_);
  return values.contiguous(torch::MemoryFormat::ChannelsLast);
}

torch::Tensor to_device(std::span<const std::uint8_t> pixels, std::int64_t count, int side,
                        int channels, const torch::Device& device) {
  // NHWC bytes seen as NCHW: that is channels_last already.
  const auto host = torch::from_blob(const_cast<std::uint8_t*>(pixels.data()),
                                     {count, side, side, channels}, torch::kUInt8);
  return copy_ahead(host, device).permute({0, 3, 1, 2});
}

void to_channels_last(torch::nn::Module& network) {
  for (auto& parameter : network.parameters())
    if (parameter.dim() == 4)
      parameter.set_data(parameter.contiguous(torch::MemoryFormat::ChannelsLast));
}

}  // namespace archsweep::runner
