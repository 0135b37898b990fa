#pragma once

// Which rows a Selection means: the conditions that it names, and of what is left one key on each
// axis that needs one, so that no number meets another that it does not compare with.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "results/selection.h"

namespace archsweep::results {

// Rows under the same keys, as the upper half of Question::group tells them.
struct KeyRows {
  std::int64_t key = 0;
  std::size_t rows = 0;
};

// What is asked, before its keys are chosen.
struct Question {
  Metric x, y;
  std::string all;   // "FROM compared WHERE ...": what the conditions allow
  std::string from;  // likewise: those of them that have x and y
  bool by_accuracy = false, by_speed = false;        // the keys that x and y need
  std::int64_t given_accuracy = 0, given_speed = 0;  // numbers of those that the selection names
  // SQL, a whole number: above 32 bits the number of the needed keys, below the experiment's. Of
  // both keys it is a column, and an index has the rows in its order.
  std::string group;
};

struct Comparable {
  Metric x, y;
  std::string from;  // "FROM compared WHERE ...": rows that have x and y, under the same keys
  std::string keys;  // as in Answer
  KeyRows key = {};
  std::size_t left_out = 0, other_keys = 0;
};

// "FROM view WHERE ...": all rows that the selection's where, families and max_memory allow.
std::string conditions(const Reader& reader, const Selection& selection,
                       const std::string& view = "finished");

// What most people mean by quality, of what rows `FROM view WHERE ...` have.
const Metric& usual_y(const Reader& reader, const std::string& from);

// Throws Error as ask_frontier does.
Question question(const Reader& reader, const Selection& selection);

// `keys`: all that the question's rows have. For who reads all of the rows anyway and has counted
// them, which is quicker than to ask for the counts first.
Comparable choose(const Reader& reader, const Question& question, const std::vector<KeyRows>& keys);

Comparable comparable(const Reader& reader, const Selection& selection);

}  // namespace archsweep::results
