#pragma once

// Rows of a query as JSON.

#include <string>

#include <nlohmann/json.hpp>

#include "results/query.h"

namespace archsweep::serve {

nlohmann::ordered_json to_json(const results::Rows& rows);  // {"columns": [...], "rows": [[...]]}
nlohmann::ordered_json objects(const results::Rows& rows);  // [{column: value, ...}, ...]

// The value that a question for one value answers; null when there is no row.
nlohmann::ordered_json one(const results::Reader& reader, const std::string& sql);

}  // namespace archsweep::serve
