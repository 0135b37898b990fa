#include "tests/torch_test.h"

#include "archs/layers/conv_same.h"
#include "archs/network.h"

using namespace archsweep::archs;

TEST_CASE("TensorFlow's padding puts the odd pixel at the far end") {
  const auto x = torch::ones({1, 1, 4, 5});
  const auto padded = pad_same(x, 3, 2);
  CHECK(padded.sizes() == torch::IntArrayRef{1, 1, 5, 7});
  CHECK(padded[0][0][0][1].item<float>() == 1);  // nothing above, one column to the left
  CHECK(padded[0][0][4].sum().item<float>() == 0);
  CHECK(pad_same(x, 1, 1).is_same(x));
}

TEST_CASE("MobileNets follow the options") {
  for (const char* name : {"mobilenetv3_small_050", "lcnet_050", "mobilenetv4_hybrid_medium_075",
                           "mixnet_s", "efficientnet_cc_b0_4e", "efficientnet_x_b3"}) {
    CAPTURE(name);
    auto network = build(name, {.num_classes = 10,
                                .in_chans = 1,
                                .drop_rate = 0.2,
                                .drop_path_rate = 0.2,
                                .global_pool = "catavgmax"});
    const auto logits = network->forward(torch::randn({2, 1, 32, 32}));
    CHECK(logits.sizes() == torch::IntArrayRef{2, 10});
    logits.logsumexp(1).sum().backward();
    for (const auto& parameter : network->named_parameters()) {
      CAPTURE(parameter.key());
      CHECK(parameter.value().grad().defined());
    }
    auto headless = build(name, {.num_classes = 0});
    headless->eval();
    CHECK(headless->forward(torch::randn({1, 3, 64, 64})).dim() == 2);
  }
}

TEST_CASE("MobileNets number their layers from the stem to the head") {
  const auto network = build("mobilenetv3_small_050");
  CHECK(network->layer_of("conv_stem.weight") == 0);
  CHECK(network->layer_of("bn1.bias") == 0);
  CHECK(network->layer_of("blocks.0.0.bn1.weight") == 1);
  CHECK(network->layer_of("blocks.1.1.conv_pw.weight") == 3);
  CHECK(network->layer_of("blocks.5.0.conv.weight") == 12);
  CHECK(network->layer_of("conv_head.weight") == 13);
  CHECK(network->layer_of("classifier.bias") == 13);
}

TEST_CASE("Nothing is dropped at random in evaluation") {
  torch::manual_seed(0);
  auto network = build("mobilenetv3_small_050", {.drop_path_rate = 0.5});
  network->eval();
  const auto images = torch::randn({2, 3, 32, 32});
  CHECK(torch::equal(network->forward(images), network->forward(images)));
}
