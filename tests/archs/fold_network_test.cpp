#include "tests/torch_test.h"

#include <string>

#include "archs/layers/batch_norm.h"
#include "archs/layers/fold.h"

using namespace archsweep::archs;

namespace {

// As training leaves them: no batch norm is one that changes nothing.
void stir_batch_norms(Network& network) {
  torch::NoGradGuard no_grad;
  for (const auto& module : network.modules()) {
    const auto stir = [](auto* norm) {
      if (!norm) return;
      norm->running_mean.normal_(0, 0.1), norm->running_var.uniform_(0.5, 1.5);
      norm->weight.uniform_(0.5, 1.5), norm->bias.normal_(0, 0.1);
    };
    stir(module->as<BatchNorm1d>()), stir(module->as<BatchNorm2d>());
  }
}

int left(const Network& network) {
  int count = 0;
  for (const auto& module : network.modules()) {
    if (const auto* norm = module->as<BatchNorm1d>()) count += !norm->is_folded;
    if (const auto* norm = module->as<BatchNorm2d>()) count += !norm->is_folded;
  }
  return count;
}

}  // namespace

TEST_CASE("folding batch norms leaves the logits as they are") {
  struct Case {
    const char* name;
    bool is_all;  // of its norms: none comes after a sum, a concatenation or nothing
  };
  const auto c =
      GENERATE(Case{"resnet10t", true}, Case{"mobilenetv3_small_050", true},
               Case{"efficientnet_lite0", true}, Case{"res2net50_14w_8s", true},
               Case{"regnetx_002", true}, Case{"rexnet_100", true}, Case{"skresnet18", true},
               Case{"resnest14d", true}, Case{"hgnetv2_b0", true}, Case{"tf_mixnet_s", false},
               Case{"levit_128s", false}, Case{"repghostnet_050", false}, Case{"starnet_s1", false},
               Case{"efficientvit_m0", false}, Case{"repvit_m0_9", false}, Case{"shvit_s1", false});
  torch::manual_seed(1);
  torch::InferenceMode inference;
  const auto network = build(c.name, {.num_classes = 10});
  network->eval();
  stir_batch_norms(*network);
  const int all = left(*network);
  const std::string name = c.name;
  const int side = name.starts_with("levit") || name.starts_with("efficientvit") ? 224 : 64;
  const auto images = torch::randn({2, 3, side, side});
  const auto before = network->forward(images);
  const int folded = fold_batch_norms(*network, images.slice(0, 0, 1));
  INFO(c.name << ": " << folded << " of " << all << " batch norms");
  CHECK(left(*network) == all - folded);
  CHECK(folded > 0);
  CHECK((folded == all || !c.is_all));
  const auto difference = (network->forward(images) - before).abs().max().item<float>();
  CHECK(difference <= 1e-3 * before.abs().max().item<float>());
  CHECK(fold_batch_norms(*network, images) == 0);
}
