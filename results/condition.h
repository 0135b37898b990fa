#pragma once

// Conditions and expressions that users write in SQL over the columns of `leaderboard`.

#include <string>

#include "results/query.h"

namespace archsweep::results {

// Throws Error, naming `option` ("--where") and the nearest column, when the text is not one
// expression that can stand between parentheses.
void check_expression(const Reader& reader, const std::string& option, const std::string& text);

// The columns of `leaderboard`, in order.
std::vector<std::string> leaderboard_columns(const Reader& reader);

}  // namespace archsweep::results
