#include "results/frontier.h"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace archsweep::results {

std::vector<std::size_t> frontier(std::span<const Candidate> candidates) {
  struct Ranked {
    double cost, quality;
    std::size_t index;
  };
  // Of many most are beaten by one of the few that beat all before them: the others alone are
  // sorted. Costs and qualities of the few rise.
  std::vector<Candidate> stairs;
  std::vector<Ranked> order;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const auto& c = candidates[i];
    if (std::isnan(c.cost) || std::isnan(c.quality)) continue;
    const auto after = std::ranges::upper_bound(stairs, c.cost, {}, &Candidate::cost);
    if (after != stairs.begin() && std::prev(after)->quality >= c.quality) {
      const auto& step = *std::prev(after);
      if (step.quality > c.quality || step.cost < c.cost) continue;
    } else {
      auto beaten = after;
      while (beaten != stairs.end() && beaten->quality <= c.quality) ++beaten;
      auto first = after;
      if (first != stairs.begin() && std::prev(first)->cost == c.cost) --first;
      stairs.insert(stairs.erase(first, beaten), c);
    }
    order.push_back({c.cost, c.quality, i});
  }
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
