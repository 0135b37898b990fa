#include "results/frontier.h"

#include <algorithm>
#include <cmath>

namespace archsweep::results {

std::vector<std::size_t> frontier(std::span<const Candidate> candidates) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (!std::isnan(candidates[i].cost) && !std::isnan(candidates[i].quality)) order.push_back(i);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) {
    const auto &x = candidates[a], &y = candidates[b];
    return x.cost != y.cost ? x.cost < y.cost : x.quality > y.quality;
  });
  std::vector<std::size_t> unbeaten;
  for (const auto i : order) {
    const auto& c = candidates[i];
    if (!unbeaten.empty()) {
      const auto& last = candidates[unbeaten.back()];
      const bool equal = c.cost == last.cost && c.quality == last.quality;
      if (c.quality <= last.quality && !equal) continue;
    }
    unbeaten.push_back(i);
  }
  return unbeaten;
}

}  // namespace archsweep::results
