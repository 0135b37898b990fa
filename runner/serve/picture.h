#pragma once

#include <nlohmann/json.hpp>

#include "results/query.h"
#include "runner/http/message.h"

namespace archsweep::serve {

// The points of a request's x and y, under one comparability key, and which are on the frontier.
// So many that a browser stays fluid: of points that would lie on each other one is kept.
nlohmann::ordered_json picture(const results::Reader& reader, const http::Request& request);

}  // namespace archsweep::serve
