#include "results/plot/palette.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace archsweep::results {

std::vector<FamilyStyle> family_styles(const Chart& chart) {
  std::map<std::string, std::size_t> sizes, on_frontier;
  for (const auto& point : chart.points) {
    sizes[point.family] += point.hollow ? 0 : 1;
    on_frontier[point.family] += point.on_frontier ? 1 : 0;
  }
  if (chart.points.empty())
    for (const auto& line : chart.lines) ++sizes[line.family];
  sizes.erase("");
  std::vector<FamilyStyle> styles;
  for (const auto& [family, size] : sizes) styles.push_back({family, size, -1, Shape::circle});
  std::ranges::stable_sort(styles, std::greater(), [&](const FamilyStyle& s) {
    return std::pair(on_frontier[s.family], s.size);
  });

  constexpr Shape grey_shapes[] = {Shape::square, Shape::triangle, Shape::diamond};
  for (std::size_t i = 0; i < styles.size(); ++i)
    if (i < std::size(colours))
      styles[i].colour = static_cast<int>(i);
    else if (i - std::size(colours) < std::size(grey_shapes))
      styles[i].shape = grey_shapes[i - std::size(colours)];
    else
      styles[i].is_other = true;
  return styles;
}

}  // namespace archsweep::results
