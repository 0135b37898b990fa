#pragma once

// Rows as text: a table for people, CSV, JSON and Markdown for programs.

#include <string>

#include "results/query.h"

namespace archsweep::results {

inline constexpr const char* formats[] = {"table", "csv", "json", "md"};

// `format` is one of `formats`. A table shows numbers with four digits, the others in full.
std::string write_rows(const Rows& rows, const std::string& format);

}  // namespace archsweep::results
