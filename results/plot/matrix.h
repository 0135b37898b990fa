#pragma once

// A confusion matrix as a picture: a row a class, a column what it is taken for.

#include <cstdint>
#include <string>
#include <vector>

#include "results/plot/chart.h"

namespace archsweep::results {

struct MatrixPicture {
  std::string title, subtitle;
  std::vector<std::string> classes;
  std::vector<std::int64_t> images;  // of each class (row) that are taken for each (column)
};

// Stand-alone SVG, and a page with nothing but it. Of more than 80 classes the names have no room;
// they are shown where the mouse rests.
std::string to_svg(const MatrixPicture& matrix, Theme theme = Theme::automatic);
std::string to_html(const MatrixPicture& matrix);

}  // namespace archsweep::results
