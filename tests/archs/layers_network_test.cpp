#include "tests/torch_test.h"

#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "archs/network.h"

namespace archsweep::archs {

// tests/data/layers.json, made by layers_reference.py: of timm's parameters in alphabetical order,
// how many one after the other are of which layer group: "13x2 0x4 ...".
TEST_CASE("layer groups are those that timm's group_matcher counts") {
  const auto reference = nlohmann::json::parse(std::ifstream(TEST_DATA "/layers.json"));
  for (const auto& [name, layers] : reference.items()) {
    const auto network = build(name);
    auto keys = network->named_parameters().keys();
    std::ranges::sort(keys);
    std::string ours;
    for (auto at = keys.begin(); at != keys.end();) {
      const int layer = network->layer_of(*at);
      const auto end = std::find_if(
          at, keys.end(), [&](const auto& key) { return network->layer_of(key) != layer; });
      ours += (ours.empty() ? "" : " ") + std::to_string(layer) + "x" + std::to_string(end - at);
      at = end;
    }
    INFO(name);
    CHECK(ours == layers.get<std::string>());
  }
}

}  // namespace archsweep::archs
