#pragma once

// How well the stored timings know what they tell, from their raw samples.

#include <cstdint>
#include <string>
#include <unordered_map>

#include "results/metric.h"
#include "results/query.h"

namespace archsweep::results {

// SQL over `compared`: the standard deviation of a timing as a share of it (which is nearly that of
// its logarithm), from its 95 % interval; NULL where none is stored or the metric is no timing.
std::string timing_spread_sql(const Metric& metric);

// The same by trial from the raw samples, for those of the rows "FROM ... WHERE ..." for which the
// former is NULL and samples are stored.
std::unordered_map<std::int64_t, double> raw_timing_spreads(const Reader& reader,
                                                            const Metric& metric,
                                                            const std::string& from);

}  // namespace archsweep::results
