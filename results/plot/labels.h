#pragma once

// Where the names go so that none lies on another, on a mark, or outside. Pure arithmetic.

#include <optional>
#include <span>
#include <vector>

namespace archsweep::results {

struct Box {
  double left, top, right, bottom;
  bool overlaps(const Box& other) const {
    return left < other.right && other.left < right && top < other.bottom && other.top < bottom;
  }
};

struct LabelRequest {
  double x, y;           // the mark's centre
  double radius;         // of the mark
  double width, height;  // of the text
  bool must = false;     // try places farther off, joined by a line, before giving up
};

struct LabelPlace {
  Box box;
  bool line;  // far enough from its mark to need one
  // Where that line ends: the point of the box that is nearest to the mark.
  double line_x, line_y;
};

// In order of importance: the earlier request gets the better place, unless one that must be there
// has none then. nullopt where there is none.
// No label lies on an obstacle, on another label or on another's line; what is `soft` is crossed
// rather than that a label which must be there is not.
std::vector<std::optional<LabelPlace>> place_labels(const std::vector<LabelRequest>& requests,
                                                    const std::vector<Box>& obstacles,
                                                    const std::vector<Box>& soft, const Box& area);

// Names of lines, right of their ends: heights as near to the wanted ones as can be without
// overlap, `height` apart, between `top` and `bottom`. In the order of `wanted`.
std::vector<double> spread(std::span<const double> wanted, double height, double top,
                           double bottom);

}  // namespace archsweep::results
