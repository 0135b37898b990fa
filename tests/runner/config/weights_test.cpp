#include "runner/config/weights.h"

#include <catch2/catch.hpp>

using namespace archsweep::runner;

namespace {

struct Settled {
  std::string weights, fault;
};

Settled settle(const std::string& architecture, const std::string& weights) {
  Candidate candidate{.name = architecture};
  candidate.training.weights = weights;
  const auto fault = settle_weights(candidate, TEST_DATA "/images");
  return {candidate.training.weights, fault};
}

}  // namespace

TEST_CASE("weights to start from are none, timm's, or a file seen from the config's folder") {
  CHECK(settle("resnet18", "none").fault.empty());
  CHECK(settle("resnet18", "pretrained").fault.empty());
  CHECK(settle("convnext_atto_rms", "pretrained").fault ==
        "training.weights: timm has no pretrained weights of convnext_atto_rms");
  const auto file = settle("resnet18", "../weights/every_dtype.safetensors");
  CHECK(file.fault.empty());
  CHECK(file.weights == TEST_DATA "/weights/every_dtype.safetensors");
  CHECK(settle("resnet18", "gone.safetensors").fault ==
        "training.weights: no file '" TEST_DATA
        "/images/gone.safetensors' (or say none or pretrained)");
}
