#pragma once

#include <torch/types.h>

namespace archsweep::runner {

// The tensor on the device, without waiting for what runs there: a GPU copies it out of pinned
// memory, which LibTorch uses again only once that is done. On the CPU it is the tensor itself.
inline torch::Tensor copy_ahead(const torch::Tensor& host, const torch::Device& device) {
  if (device.is_cpu()) return host;
  return host.pin_memory().to(device, host.scalar_type(), /*non_blocking=*/true);
}

}  // namespace archsweep::runner
