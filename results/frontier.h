#pragma once

// Who is not beaten: the Pareto frontier of cost (lower is better) against quality (higher is).

#include <cstddef>
#include <span>
#include <vector>

namespace archsweep::results {

struct Candidate {
  double cost = 0;
  double quality = 0;
};

// Indices of the candidates that no other beats, cheapest first. Another beats a candidate when it
// is at least as good in both and better in one; equals stand side by side, NaN never stands.
std::vector<std::size_t> frontier(std::span<const Candidate> candidates);

}  // namespace archsweep::results
