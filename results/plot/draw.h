#pragma once

// The frontier picture of a database, into a file.

#include <filesystem>
#include <string>

#include "results/plot/chart.h"
#include "results/query.h"

namespace archsweep::results {

// Points of the leaderboard under the speed and accuracy keys that most rows have: others do not
// compare. `left_out` says how many have other keys.
Chart frontier_chart(const Reader& reader, const std::string& title, std::size_t& left_out);

// Where plotly.min.js should be: $ARCHSWEEP_PLOTLY, or what the build found.
std::filesystem::path plotly_path();

// By the ending of the name: .svg, .html (with the text of plotly_path() in it) or .png (by
// rsvg-convert). Throws Error.
void draw(const Chart& chart, const std::filesystem::path& file, int width = 1000);

}  // namespace archsweep::results
