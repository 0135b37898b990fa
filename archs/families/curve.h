#pragma once

// The smallest networks there are: y of one x, to see what training does to each number. A
// parabola, and sums of rectified lines; from fast.ai's lesson "How does a neural net really
// work?".

#include "archs/family.h"

namespace archsweep::archs::curve {

struct Variant {
  std::string_view name;
  int lines = 0;  // rectified ones; 0: the parabola
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "quadratic"},
    {.name = "relus_1", .lines = 1},
    {.name = "relus_2", .lines = 2},
    {.name = "relus_4", .lines = 4},
    {.name = "relus_8", .lines = 8},
    {.name = "relus_16", .lines = 16},
};
// clang-format on

inline constexpr Family family{"curve", variants, Input::number};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::curve
