#pragma once

// Which rows a Selection means: the conditions that it names, and of what is left one key on each
// axis that needs one, so that no number meets another that it does not compare with.

#include <cstddef>
#include <string>

#include "results/selection.h"

namespace archsweep::results {

struct Comparable {
  Metric x, y;
  std::string from;  // "FROM finished WHERE ...": rows that have x and y, under the same keys
  std::string keys;  // as in Answer
  std::size_t left_out = 0, other_keys = 0;
};

// "FROM finished WHERE ...": all rows that the selection's where, families and max_memory allow.
std::string conditions(const Reader& reader, const Selection& selection);

// Throws Error as ask_frontier does.
Comparable comparable(const Reader& reader, const Selection& selection);

}  // namespace archsweep::results
