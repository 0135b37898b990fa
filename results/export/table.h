#pragma once

// Rows as text: a table for people, CSV, JSON and Markdown for programs.

#include <functional>
#include <string>
#include <string_view>

#include "results/query.h"

namespace archsweep::results {

inline constexpr const char* formats[] = {"table", "csv", "json", "md"};

// `format` is one of `formats`. A table shows numbers with four digits, the others in full.
std::string write_rows(const Rows& rows, const std::string& format);

// The same for rows that come one after another. CSV and JSON hold one row at a time; a table,
// whose widths depend on all rows, ends with an Error after `most_table_rows`.
inline constexpr std::size_t most_table_rows = 100'000;
void write_rows(Cursor& cursor, const std::string& format,
                const std::function<void(std::string_view)>& write);

}  // namespace archsweep::results
