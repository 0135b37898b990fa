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

// A table for a terminal of `width` columns. Where it would be wider, first long texts of several
// words are shortened, then columns left out: those named in `spare`, in this order, then from the
// right, but never the first.
struct NarrowTable {
  std::string text;
  std::vector<std::string> left_out;  // columns
  bool shortened = false;             // texts, which then end in an ellipsis
};
NarrowTable narrow_table(const Rows& rows, std::size_t width,
                         const std::vector<std::string>& spare);

// All rows of a cursor, for a table, whose widths depend on all; an Error after `most_table_rows`.
inline constexpr std::size_t most_table_rows = 100'000;
Rows table_rows(Cursor& cursor);

// CSV or JSON of rows that come one after another, of which one at a time is held.
void write_rows(Cursor& cursor, const std::string& format,
                const std::function<void(std::string_view)>& write);

}  // namespace archsweep::results
