#pragma once

// Whether points that are known only so well are on the frontier, and which of them cannot be told
// apart. Pure numbers: selection.h says where the spreads come from.

#include <cstddef>
#include <span>
#include <vector>

namespace archsweep::results {

// A value whose repetition would scatter around it as a normal distribution; of a relative one
// (a time, a rate) the logarithm does.
struct Uncertain {
  double value = 0;
  double spread = 0;  // standard deviation: of the value, or of its logarithm; NaN: not known, and
                      // the value counts as exact
  bool relative = false;
};

struct Cloud {
  Uncertain cost;     // lower is better
  Uncertain quality;  // higher is better
};

struct Verdict {
  bool on_frontier = false;  // of the values as they are
  double probability = 0;    // of being on the frontier of a repetition
  int group = 0;             // as in Standing: from 1, cheapest first
};

// A point of the frontier has a group of its own. Another point is beaten beyond doubt (group 0)
// when one point of the frontier would beat it in at least 95 % of repetitions; else it is in the
// group of the one that would beat it most often. `probability` is counted over `draws` random
// repetitions, seeded: the same clouds give the same verdicts; it is 0 without a draw where one
// point would beat the other in more than 99 %.
std::vector<Verdict> distinguish(std::span<const Cloud> clouds, int draws = 1000);

// Of the lower or the upper end (sign -1 or 1) of the interval that holds 95 % of the repetitions;
// NaN where the spread is not known.
double bound(const Uncertain& u, int sign);

}  // namespace archsweep::results
