#include "tests/torch_test.h"

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
    int left;  // norms that have no layer of their own before them
  };
  const auto c = GENERATE(Case{"resnet10t", 0}, Case{"mobilenetv3_small_050", 0},
                          Case{"efficientnet_lite0", 0}, Case{"tf_mixnet_s", 0},
                          Case{"vgg11_bn", 0}, Case{"levit_128s", 0}, Case{"res2net50_14w_8s", 0},
                          Case{"regnetx_002", 0}, Case{"repghostnet_050", 0}, Case{"starnet_s1", 0},
                          Case{"efficientvit_m0", 0}, Case{"hgnetv2_b0", 0}, Case{"resnest14d", 0},
                          Case{"rexnet_100", 0}, Case{"repvit_m0_9", 0}, Case{"shvit_s1", 0},
                          Case{"skresnet18", 0}, Case{"test_vit", 0});
  torch::manual_seed(1);
  torch::InferenceMode inference;
  const auto network = build(c.name, {.num_classes = 10});
  network->eval();
  stir_batch_norms(*network);
  const int all = left(*network), side = std::string(c.name).starts_with("levit") ||
                                                 std::string(c.name).starts_with("efficientvit")
                                             ? 224
                                             : 64;
  const auto images = torch::randn({2, 3, side, side});
  const auto before = network->forward(images);
  const int folded = fold_batch_norms(*network, images.slice(0, 0, 1));
  INFO(c.name << ": " << folded << " of " << all << " batch norms");
  CHECK(left(*network) == c.left);
  CHECK(folded == all - c.left);
  const auto difference = (network->forward(images) - before).abs().max().item<float>();
  CHECK(difference <= 1e-4 * before.abs().max().item<float>());
  CHECK(fold_batch_norms(*network, images) == 0);
}
