#pragma once

// How well the stored timings know what they tell, from their raw samples.

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

#include "results/metric.h"
#include "results/query.h"

namespace archsweep::results {

// The column of `results` with the standard deviation of a timing as a share of it (which is nearly
// that of its logarithm, and so of one over it), NULL where no interval is stored; "" for what is
// no timing or has none.
std::string_view spread_column(const Metric& metric);

// Whether samples of it are stored.
bool has_samples(const Metric& metric);

// The same by trial from the raw samples, for those of the rows "FROM ... WHERE ..." of which no
// interval is stored but samples are.
std::unordered_map<std::int64_t, double> raw_timing_spreads(const Reader& reader,
                                                            const Metric& metric,
                                                            const std::string& from);

}  // namespace archsweep::results
