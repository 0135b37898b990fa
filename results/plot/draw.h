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

// By the ending of the name: .svg, .html (with $ARCHSWEEP_PLOTLY or the plotly.min.js that the
// build found) or .png (by rsvg-convert). Throws Error.
void draw(const Chart& chart, const std::filesystem::path& file, int width = 1000);

}  // namespace archsweep::results
