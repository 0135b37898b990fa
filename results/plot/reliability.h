#pragma once

#include <cstddef>
#include <string>

#include "results/calibration.h"
#include "results/plot/chart.h"

namespace archsweep::results {

// Accuracy against confidence, a mark a bin, and the line where they are equal.
Chart reliability_chart(const Calibration& calibration, const std::string& title,
                        std::size_t images);

}  // namespace archsweep::results
