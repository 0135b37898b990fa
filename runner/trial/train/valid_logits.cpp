#include "runner/trial/train/valid_logits.h"

#include <cstring>

#include "runner/support/error.h"
#include "runner/support/whole_file.h"
#include "runner/trial/logits.h"

namespace archsweep::runner {

void ValidLogits::add(const Batch& batch, const torch::Tensor& logits) {
  constexpr double largest = 65504;
  logits_.push_back(logits.detach()
                        .to(torch::kFloat32)
                        .clamp(-largest, largest)
                        .to(torch::kCPU, torch::kHalf)
                        .contiguous());
  labels_.insert(labels_.end(), batch.labels.begin(), batch.labels.end());
  images_.insert(images_.end(), batch.images.begin(), batch.images.end());
}

void ValidLogits::write(const std::filesystem::path& file, const Dataset& dataset) const {
  const auto all = torch::cat(logits_);
  if (all.isnan().any().item<bool>()) throw Error("a logit is not a number");
  KeptLogits kept{.class_names = dataset.class_names,
                  .split_hash = dataset.split_hash,
                  .logits = std::vector<std::uint16_t>(std::size_t(all.numel())),
                  .labels = labels_,
                  .images = images_};
  std::memcpy(kept.logits.data(), all.const_data_ptr(), kept.logits.size() * sizeof(std::uint16_t));
  remove_partial_files(file);
  write_logits(file, kept);
}

}  // namespace archsweep::runner
