#include "runner/config/weights.h"

#include <fmt/format.h>

#include "archs/weights/pretrained.h"

namespace archsweep::runner {

std::string settle_weights(Candidate& candidate, const std::filesystem::path& folder) {
  auto& weights = candidate.training.weights;
  if (weights == "none") return "";
  if (weights == "pretrained")
    return archs::tags_of(candidate.name).empty()
               ? fmt::format("training.weights: timm has no pretrained weights of {}",
                             candidate.name)
               : "";
  weights = std::filesystem::absolute(folder / weights).lexically_normal().string();
  std::error_code error;
  return std::filesystem::is_regular_file(weights, error)
             ? ""
             : fmt::format("training.weights: no file '{}' (or say none or pretrained)", weights);
}

}  // namespace archsweep::runner
