#pragma once

// Which family gets which colour and shape: the same in every format.

#include <string>
#include <vector>

#include "results/plot/chart.h"

namespace archsweep::results {

// Okabe and Ito's colours, which colour-blind readers tell apart too, and two that stay clear of
// them. The first is for the family that holds most of the frontier.
inline constexpr const char* colours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                          "#e69f00", "#56b4e9", "#7a5195", "#8c6d31"};
inline constexpr const char* colours_on_dark[] = {"#3d9fdc", "#f07f3c", "#2bc295", "#dd94ba",
                                                  "#f0b43c", "#7cc8f5", "#ab84c9", "#b8975a"};

enum class Shape { circle, square, triangle, diamond };

struct FamilyStyle {
  std::string family;
  std::size_t size;       // its points; in a chart of lines alone, its lines
  int colour;             // index into `colours`; -1: grey
  Shape shape;            // circles are coloured; a few grey families have a shape of their own
  bool is_other = false;  // shares the legend's last entry
};

// Who holds most of the frontier first, then the largest, then by name: the answer has colours.
std::vector<FamilyStyle> family_styles(const Chart& chart);

}  // namespace archsweep::results
