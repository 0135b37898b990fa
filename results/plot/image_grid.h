#pragma once

// Square images side by side, in named rows: a thing a column, what became of it below it.

#include <string>
#include <vector>

#include "results/plot/chart.h"

namespace archsweep::results {

struct ImageCell {
  std::string png;   // the bytes of a PNG file
  std::string note;  // lines written on it; "": nothing
};

struct ImageColumn {
  std::string label;             // under it
  std::string title;             // shown where the mouse rests
  std::vector<ImageCell> cells;  // one a row
};

struct ImageGrid {
  std::string title, subtitle;
  std::vector<std::string> rows;  // their names; at least one
  std::vector<ImageColumn>
      columns;  // what does not fit beside one another goes into a further band
};

// Stand-alone SVG, and a page with nothing but it.
std::string to_svg(const ImageGrid& grid, Theme theme = Theme::automatic);
std::string to_html(const ImageGrid& grid);

}  // namespace archsweep::results
