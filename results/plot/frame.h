#pragma once

// What surrounds the marks of an SVG: title, axes with their grid, colours for light and dark.

#include <string>

#include "results/plot/axis.h"
#include "results/plot/chart.h"
#include "results/plot/labels.h"

namespace archsweep::results {

struct Frame {
  double width, height;
  double size;  // of the text, pixels
  Box area;     // that the axes enclose
  Axis x, y;
};

// Leaves `right` pixels beside the area, for legends, and `footer` lines of text below the axes.
Frame make_frame(const Chart& chart, int width, double right, std::size_t footer);

// The text's size in a picture of this width.
double text_size(int width);

// Pixels that title and subtitle take.
double head_height(const std::string& subtitle, double width, double size);

// The opening tag, colours, title and subtitle.
std::string draw_head(const std::string& title, const std::string& subtitle, double width,
                      double height, double size, Theme theme);

// HTML with nothing but the picture.
std::string page_around(const std::string& title, const std::string& svg);

// The head, and axes.
std::string draw_frame(const Chart& chart, const Frame& frame, Theme theme);

}  // namespace archsweep::results
