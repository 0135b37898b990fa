#pragma once

#include <nlohmann/json.hpp>

#include "results/query.h"

namespace archsweep::serve {

// How the latest sweep stands: its counts, what is left of it in seconds, what runs now with its
// losses, and `results`, a text that changes when a trial has finished.
nlohmann::ordered_json summary(const results::Reader& reader, bool running);

}  // namespace archsweep::serve
