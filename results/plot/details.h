#pragma once

// What the page shows beyond the picture: every metric of each point, and of each trial its
// settings, spec and learning curves.

#include "results/plot/chart.h"
#include "results/query.h"

namespace archsweep::results {

// Above this many epochs the curves of the points that matter least are left out of the page, and
// above this many trials all details of theirs; the page says so where one asks for them.
inline constexpr std::size_t most_epochs = 200'000, most_trials = 10'000;

// Fills in what the chart's points have of each metric, from their trials, and the trials.
void add_details(Chart& chart, const Reader& reader);

}  // namespace archsweep::results
