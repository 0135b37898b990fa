#pragma once

// RepGhostNet: ghost bottlenecks whose cheap features are added, not concatenated, so that the
// branches could be fused after training. The branches are kept.
// Paper: https://arxiv.org/abs/2211.06088. Source: timm/models/repghost.py.

#include "archs/family.h"

namespace archsweep::archs::repghost {

struct Variant {
  std::string_view name;
  double width = 1;  // multiplies every width but the head's
  std::string_view tag = "in1k";
  Preprocessing preprocessing = {};
};

inline constexpr Variant variants[] = {
    {.name = "repghostnet_050", .width = 0.5},  {.name = "repghostnet_058", .width = 0.58},
    {.name = "repghostnet_080", .width = 0.8},  {.name = "repghostnet_100"},
    {.name = "repghostnet_111", .width = 1.11}, {.name = "repghostnet_130", .width = 1.3},
    {.name = "repghostnet_150", .width = 1.5},  {.name = "repghostnet_200", .width = 2},
};

inline constexpr Family family{"repghost", variants};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::repghost
