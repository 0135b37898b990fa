#include "tests/torch_test.h"

#include "archs/catalog.h"
#include "archs/network.h"
#include "runner/trial/fill.h"

using namespace archsweep;
using namespace archsweep::archs;

namespace {

// Two categories of 3 and 40 codes, two numbers.
const BuildOptions columns{.num_classes = 2, .categories = {3, 40}, .numbers = 2};

torch::Tensor rows() {
  return torch::tensor({{0.0F, 39.0F, 0.5F, -1.25F}, {2.0F, 7.0F, 2.0F, 0.0F}});
}

}  // namespace

TEST_CASE("the tabular net with embeddings is fastai's, key by key and number by number") {
  const auto network = build("tabular_embedding", columns);
  std::vector<std::string> keys;
  for (const auto& [key, tensor] : state_dict(*network)) keys.push_back(key);
  REQUIRE(keys.size() == 21);
  CHECK(keys[0] == "embeds.0.weight");
  CHECK(keys[2] == "bn_cont.weight");
  CHECK(keys[7] == "layers.0.0.weight");
  CHECK(keys[19] == network->classifier + ".weight");
  runner::fill(*network, 1);
  network->eval();
  const torch::NoGradGuard no_grad;
  // tabular_reference.py
  const auto expected = torch::tensor({{-0.17849016189575195, -0.36292964220046997},
                                       {0.00846811756491661, -0.10715930908918381}})
                            .to(torch::kFloat32);
  CHECK(torch::allclose(network->forward(rows()), expected, 1e-5, 1e-6));
}

TEST_CASE("a category is a dummy variable a level, but for its first and for what is unknown") {
  const auto network = build("tabular_linear", columns);
  network->eval();
  const torch::NoGradGuard no_grad;
  const auto weight = network->named_parameters()["head.weight"];
  const auto bias = network->named_parameters()["head.bias"];
  REQUIRE(weight.size(1) == 1 + 38 + 2);
  const auto expected = torch::stack(
      {bias + weight.select(1, 1 + 37) + 0.5 * weight.select(1, 39) - 1.25 * weight.select(1, 40),
       bias + weight.select(1, 0) + weight.select(1, 1 + 5) + 2 * weight.select(1, 39)});
  CHECK(torch::allclose(network->forward(rows()), expected, 1e-5, 1e-6));
  // The first level of the first category, and one that training never saw.
  auto first = rows(), unknown = rows();
  first[0][0] = 1, unknown[0][0] = 0;
  CHECK(torch::equal(network->forward(first), network->forward(unknown)));
}

TEST_CASE("networks for tables have the interface of those for images") {
  for (const auto* entry : select({}, Input::table)) {
    INFO(entry->name);
    const auto network = build(entry->name, columns);
    const auto features = network->features(rows());
    CHECK(features.sizes() == at::IntArrayRef({2, network->num_features}));
    CHECK(network->head(features).sizes() == at::IntArrayRef({2, 2}));
    const auto keys = network->named_parameters().keys();
    CHECK(std::ranges::count(keys, network->classifier + ".weight") == 1);
    int last = 0;
    for (const auto& key : keys) {
      CHECK(network->layer_of(key) >= last);
      last = network->layer_of(key);
    }
    auto bare = columns;
    bare.num_classes = 0;
    CHECK(build(entry->name, bare)->forward(rows()).size(1) == network->num_features);
    CHECK_THROWS_AS(build(entry->name, {}), c10::Error);
  }
}

TEST_CASE("curves begin as in the lesson", "[curve]") {
  const torch::NoGradGuard no_grad;
  const auto x = torch::tensor({-2.0F, 0.0F, 2.0F}).unsqueeze(1);
  const auto at = [&](const char* name) {
    return build(name, {.num_classes = 1, .numbers = 1})->forward(x).squeeze(1);
  };
  CHECK(torch::equal(at("quadratic"), torch::tensor({4.5F, 1.5F, 10.5F})));
  CHECK(torch::equal(at("relus_1"), torch::tensor({0.0F, 1.5F, 4.5F})));
  CHECK(torch::equal(at("relus_2"), torch::tensor({1.5F, 1.5F, 4.5F})));
}

TEST_CASE("a sweep of images takes no network for tables, and the other way round") {
  for (const auto* entry : select({})) {
    CHECK(entry->family != "tabular");
    CHECK(entry->family != "curve");
  }
  const std::vector<std::string> all{"*"}, images{"resnet18"};
  for (const auto* entry : select(all, Input::table)) CHECK(entry->family == "tabular");
  CHECK(select(images, Input::table).empty());
}
