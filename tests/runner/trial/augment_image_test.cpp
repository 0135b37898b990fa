// Augmentations of single images against what torchvision makes of them (augment_reference.py).
#include "tests/torch_test.h"

#include <map>

#include "archs/weights/tensors.h"
#include "runner/trial/augment/augment.h"

using namespace archsweep;
using namespace archsweep::runner;

TEST_CASE("symmetries of a square are torchvision's") {
  std::map<std::string, torch::Tensor> reference;
  for (auto& [key, tensor] : archs::read_tensors(TEST_DATA "/augment.safetensors"))
    reference.emplace(key, tensor);
  const auto pixels = reference.at("square").permute({1, 2, 0}).contiguous();
  const int side = static_cast<int>(pixels.size(0));
  const View view(pixels.const_data_ptr<std::uint8_t>(), side, side, 3);
  const auto made = [&](const char* step, std::uint64_t seed) {
    auto out = torch::empty_like(pixels);
    Augmenter::Scratch scratch;
    Random random(seed);
    Augmenter({{step, {{"probability", 1}}}}, side)
        .apply(view, random, scratch, out.data_ptr<std::uint8_t>());
    return out.permute({2, 0, 1});
  };
  CHECK(made("vertical_flip", 0).equal(reference.at("upside_down")));
  std::map<int, int> seen;
  for (std::uint64_t seed = 0; seed < 80; ++seed) {
    const auto turned = made("dihedral", seed);
    for (int i = 0; i < 8; ++i) seen[i] += turned.equal(reference.at("symmetries")[i]);
  }
  int all = 0;
  for (int i = 0; i < 8; ++i) {
    CHECK(seen[i] > 0);
    all += seen[i];
  }
  CHECK(all == 80);
}
