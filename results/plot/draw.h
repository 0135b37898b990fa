#pragma once

// A chart into a file.

#include <filesystem>
#include <optional>
#include <string>

#include "results/plot/chart.h"
#include "results/plot/image_grid.h"
#include "results/plot/matrix.h"

namespace archsweep::results {

// Where plotly.min.js should be: $ARCHSWEEP_PLOTLY, or what the build found.
std::filesystem::path plotly_path();
// What is there; nothing where it cannot be read.
std::optional<std::string> plotly_text();

// Throws Error: draw() could not tell by the name what kind of picture is meant.
void check_picture_name(const std::filesystem::path& file);

// By the ending of the name: .svg, .html (with the text of plotly_path() in it) or .png (by
// rsvg-convert, at twice the width; where `theme` is automatic, light). Throws Error.
void draw(const Chart& chart, const std::filesystem::path& file, int width = 1000,
          Theme theme = Theme::automatic);
// The same; .html needs nothing else.
void draw(const ImageGrid& grid, const std::filesystem::path& file);
void draw(const MatrixPicture& matrix, const std::filesystem::path& file);

}  // namespace archsweep::results
