#pragma once

// Beside and below the axes of an SVG: families, sizes, what each sign means, the note.

#include <string>
#include <vector>

#include "results/plot/chart.h"
#include "results/plot/frame.h"

namespace archsweep::results {

// Lines with names are told apart by these, at their ends; else families have a legend.
std::vector<const Line*> named_lines(const Chart& chart);
double right_margin(const Chart& chart, int width, double size);  // pixels beside the axes
std::string draw_legend(const Chart& chart, const Frame& frame);

std::size_t footer_lines(const Chart& chart, int width, double size);
std::string draw_footer(const Chart& chart, const Frame& frame);

}  // namespace archsweep::results
