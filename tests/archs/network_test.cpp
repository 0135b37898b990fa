#include "tests/torch_test.h"

#include <set>

#include "archs/catalog.h"
#include "archs/families.h"
#include "archs/network.h"
#include "runner/trial/measure/macs.h"

using namespace archsweep::archs;

namespace {

// At least one name a family: timm's "test_" variants, made for this, else the table's first;
// VGG's has 133 M parameters and is left to parity_check.py.
std::vector<std::string> small_names() {
  std::vector<std::string> names;
  auto add = [&](const auto& family) {
    if (family.input != Input::image) return;  // tabular_network_test.cpp
    const auto before = names.size();
    for (const auto& variant : family.variants)
      if (variant.name.starts_with("test_")) names.emplace_back(variant.name);
    if (names.size() > before) return;
    const auto name = family.variants.front().name;
    if (facts(name)->parameters < 100'000'000) names.emplace_back(name);
  };
  std::apply([&](const auto&... family) { (add(family), ...); }, families);
  return names;
}

// Small grey images in ten classes: what the quickstart trains on.
constexpr int side = 64;

std::shared_ptr<Network> grey(const std::string& name, int num_classes = 10, int pixels = side) {
  torch::manual_seed(1);
  return build(name, {.num_classes = num_classes, .in_chans = 1, .image_size = pixels});
}

torch::Tensor images(int pixels = side) {
  torch::manual_seed(2);
  return torch::randn({4, 1, pixels, pixels});
}

}  // namespace

TEST_CASE("a small network of every family maps grey images to ten logits") {
  for (const auto& name : small_names()) {
    INFO(name);
    const torch::NoGradGuard no_grad;
    const auto network = grey(name);
    network->eval();
    const auto x = images();
    const auto logits = network->forward(x);
    CHECK(logits.sizes() == torch::IntArrayRef{4, 10});
    CHECK(logits.isfinite().all().item<bool>());
    CHECK(torch::equal(logits, network->head(network->features(x))));
  }
}

TEST_CASE("the classifier is where the network says, and only where there are classes") {
  for (const auto& name : small_names()) {
    INFO(name);
    const auto has = [](const Network& network) {
      const auto parameters = network.named_parameters();
      return parameters.contains(network.classifier + ".weight");
    };
    const auto network = grey(name);
    REQUIRE(has(*network));
    CHECK(network->named_parameters()[network->classifier + ".weight"].size(0) == 10);
    CHECK_FALSE(has(*grey(name, /*num_classes=*/0)));
  }
}

TEST_CASE("a seed decides every initial weight") {
  for (const auto& name : small_names()) {
    INFO(name);
    const auto once = state_dict(*grey(name));
    const auto again = state_dict(*grey(name));
    REQUIRE(once.size() == again.size());
    for (std::size_t i = 0; i < once.size(); ++i) {
      INFO(once[i].first);
      CHECK(once[i].first == again[i].first);
      CHECK(torch::equal(once[i].second, again[i].second));
    }
    torch::manual_seed(3);
    const auto other =
        state_dict(*build(name, {.num_classes = 10, .in_chans = 1, .image_size = side}));
    bool differs = false;  // anywhere: some classifiers begin at zero
    for (std::size_t i = 0; i < once.size(); ++i)
      differs |= !torch::equal(once[i].second, other[i].second);
    CHECK(differs);
  }
}

TEST_CASE("the loss's gradient reaches every parameter") {
  constexpr int larger = 96;  // attention over the one position that a stride of 64 leaves of 64
                              // pixels has nothing to choose, so nothing to learn
  for (const auto& name : small_names()) {
    INFO(name);
    const auto network = grey(name, /*num_classes=*/10, larger);
    {
      // A residual path that starts at zero hides what lies before it.
      const torch::NoGradGuard no_grad;
      for (auto& parameter : network->parameters())
        if (parameter.count_nonzero().item<std::int64_t>() == 0) parameter.normal_(0, 0.5);
    }
    network->train();
    const auto labels = torch::arange(4);
    torch::cross_entropy_loss(network->forward(images(larger)), labels).backward();
    for (const auto& parameter : network->named_parameters()) {
      INFO(parameter.key());
      REQUIRE(parameter.value().grad().defined());
      CHECK(parameter.value().grad().abs().sum().item<double>() > 0);
    }
  }
}

TEST_CASE("layers are counted from the stem's 0 up to the classifier") {
  for (const auto& name : small_names()) {
    INFO(name);
    const auto network = grey(name);
    int last = 0;
    std::set<int> seen;
    for (const auto& [key, tensor] : state_dict(*network)) {
      INFO(key);
      const int layer = network->layer_of(key);
      CHECK(layer >= last);
      last = layer;
      seen.insert(layer);
    }
    CHECK(seen.contains(0));
    CHECK(seen.size() > 2);
    CHECK(network->layer_of(network->classifier + ".weight") == last);
  }
}

TEST_CASE("facts are those of the networks, and every name has them") {
  for (const auto& entry : catalog()) {
    INFO(entry.name);
    // Those of networks for tables depend on the columns.
    REQUIRE(facts(entry.name).has_value() == (entry.input == Input::image));
  }
  for (const auto& name : small_names()) {
    INFO(name);
    const auto network = build(name);
    network->eval();
    const torch::NoGradGuard no_grad;
    const int pixels = get(name).preprocessing.input_size;
    CHECK(facts(name)->parameters == count_parameters(*network));
    const auto work = archsweep::runner::count_work([&] {
      network->forward(torch::zeros({1, 3, pixels, pixels}));
    });
    CHECK(facts(name)->macs == work.macs);
  }
}

TEST_CASE("activations are timm's infer_macts, in millions, with and without attention") {
  const std::pair<const char*, double> published[] = {{"resnet18", 2.48},
                                                      {"mobilenetv3_small_050", 0.92},
                                                      {"test_resnet", 0.64},
                                                      {"test_vit", 0.48}};
  for (const auto& [name, millions] : published) {
    INFO(name);
    const auto network = build(name);
    network->eval();
    const torch::NoGradGuard no_grad;
    const int pixels = get(name).preprocessing.input_size;
    const auto work = archsweep::runner::count_work([&] {
      network->forward(torch::zeros({1, 3, pixels, pixels}));
    });
    CHECK(std::round(static_cast<double>(work.activations) / 1e4) / 100 == Approx(millions));
  }
}
