#pragma once

// Which finished trials a request means: its text, family and where, as one SQL condition.

#include <string>

#include "results/query.h"
#include "runner/http/message.h"

namespace archsweep::serve {

std::string parameter(const http::Request& request, const char* name);  // "" where there is none

// Over the columns of `leaderboard`; "1" when all are meant. Throws Error.
std::string condition_of(const results::Reader& reader, const http::Request& request);

}  // namespace archsweep::serve
