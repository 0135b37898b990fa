#include "results/frontier.h"

#include <algorithm>
#include <cmath>

namespace archsweep::results {

std::vector<std::size_t> frontier(std::span<const Candidate> candidates) {
  struct Ranked {
    double cost, quality;
    std::size_t index;
  };
  std::vector<Ranked> order;
  order.reserve(candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (!std::isnan(candidates[i].cost) && !std::isnan(candidates[i].quality))
      order.push_back({candidates[i].cost, candidates[i].quality, i});
  std::ranges::sort(order, [](const Ranked& a, const Ranked& b) {
    if (a.cost != b.cost) return a.cost < b.cost;
    return a.quality != b.quality ? a.quality > b.quality : a.index < b.index;
  });
  std::vector<std::size_t> unbeaten;
  const Ranked* last = nullptr;
  for (const auto& c : order) {
    const bool equal = last && c.cost == last->cost && c.quality == last->quality;
    if (last && c.quality <= last->quality && !equal) continue;
    last = &c;
    unbeaten.push_back(c.index);
  }
  return unbeaten;
}

}  // namespace archsweep::results
