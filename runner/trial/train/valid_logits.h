#pragma once

#include <filesystem>
#include <vector>

#include <torch/types.h>

#include "runner/trial/data/batches.h"

namespace archsweep::runner {

// What a pass over the validation images says of each, batch by batch, for runner/trial/logits.h.
class ValidLogits {
 public:
  // `logits`: [count, classes] on any device. What float16 has no number for becomes its largest.
  void add(const Batch& batch, const torch::Tensor& logits);
  bool empty() const { return logits_.empty(); }

  // Throws Error: it cannot be written, or something in it is not a number.
  void write(const std::filesystem::path& file, const Dataset& dataset) const;

 private:
  std::vector<torch::Tensor> logits_;  // float16, on the CPU
  std::vector<std::int32_t> labels_;
  std::vector<std::uint32_t> images_;
};

}  // namespace archsweep::runner
