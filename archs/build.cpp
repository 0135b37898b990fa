#include "archs/families.h"
#include "archs/network.h"

namespace archsweep::archs {

std::shared_ptr<Network> build(std::string_view name, const BuildOptions& options) {
  std::shared_ptr<Network> network;
  auto build_in = [&](const auto& family) {
    for (const auto& variant : family.variants)
      if (variant.name == name) network = build(variant, options);
  };
  std::apply([&](const auto&... family) { (build_in(family), ...); }, families);
  TORCH_INTERNAL_ASSERT(network, name, " is not in the catalog");
  return network;
}

}  // namespace archsweep::archs
