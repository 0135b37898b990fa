#pragma once

// What one sample is to a network: a square image, or a row of a table.

#include <vector>

namespace archsweep::runner {

struct InputShape {
  int channels = 3;  // of an image; 0: it is a row
  int side = 224;    // pixels
  // A row's: how many codes each category has, from 0, and how many numbers follow.
  std::vector<int> categories = {};
  int numbers = 0;

  bool is_row() const { return channels == 0; }
  int columns() const { return static_cast<int>(categories.size()) + numbers; }
};

}  // namespace archsweep::runner
