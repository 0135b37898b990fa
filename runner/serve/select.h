#pragma once

// Which finished trials a request means: its text, family and where, as one SQL condition.

#include <string>
#include <string_view>

#include "runner/serve/message.h"

namespace archsweep::serve {

std::string parameter(const Request& request, const char* name);  // "" where there is none

// Over the columns of `leaderboard`; "1" when all are meant. Throws Error.
std::string condition_of(const Request& request);

// Throws Error when the text is more than a condition: when it would end the parenthesis that it is
// put in, or make a comment of what follows.
void check_condition(std::string_view where);

}  // namespace archsweep::serve
