#pragma once

// A cell of a query's answer as JSON: NULL is null.

#include <nlohmann/json.hpp>

#include "results/query.h"

namespace archsweep::results {

nlohmann::ordered_json to_json(const Value& value);

}  // namespace archsweep::results
