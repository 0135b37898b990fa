#pragma once

// Single signs of an SVG: shapes of marks and how large they are, pieces of text.

#include <string>

#include "results/plot/chart.h"
#include "results/plot/palette.h"

namespace archsweep::results {

// The element up to its attributes' end: the caller adds a class and closes it.
std::string shape(Shape kind, double x, double y, double radius);
const char* element_of(Shape kind);  // "circle", "rect" or "path"

std::string text(double x, double y, const std::string& classes, const std::string& words);

// The class that sets a family's colour.
std::string colour_class(const FamilyStyle& style);

struct MarkSizes {
  double ordinary;  // radius, pixels
  double largest;   // Point::size of the largest; 0: all marks alike

  double of(const Point& point) const;
  double of_size(double size) const;  // the area is in proportion
};

MarkSizes mark_sizes(const Chart& chart, double text_size);

}  // namespace archsweep::results
