#pragma once

// How much of the final answer was known when: shows when a night stopped paying.

#include <cstdint>
#include <string>
#include <vector>

#include "results/comparable.h"

namespace archsweep::results {

// A trial that raised the hypervolume, or the last one that finished.
struct HypervolumePoint {
  std::string finished_at;  // UTC, ISO 8601
  double hours = 0;         // since the first trial that counts finished
  std::int64_t trial = 0;
  std::string architecture;
  double share = 0;  // of the hypervolume after the last trial, 0..1
};

// Hypervolume: the area that the trials finished so far beat, up to a reference point which is the
// worst x and the worst y of all of them. x counts by its logarithm where all are above zero, y as
// it is. Each trial is a point of its own: a seed more can only raise the area. Trials without a
// finishing time are left out. In order of finishing; empty where no trial counts.
std::vector<HypervolumePoint> hypervolume_over_time(const Reader& reader, const Comparable& rows);

}  // namespace archsweep::results
