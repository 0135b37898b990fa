#pragma once

// What the columns of a table need to become numbers: learned from the training rows, kept with the
// trained weights. No LibTorch.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "runner/support/csv.h"

namespace archsweep::runner {

// A category becomes a code: 0 for a level that no training row has, else its place among the
// levels, from 1. A missing value is the level "".
struct CategoryColumn {
  std::string name;
  std::vector<std::string> levels;  // in ascending order
};

// A number x becomes (log10(x + 1) or x, less shift) / scale.
struct NumberColumn {
  std::string name;
  bool log = false;
  double shift = 0, scale = 1;
  double median = 0;  // of the training rows, before all that: what a missing value becomes
};

struct TableColumns {
  std::string target;
  std::vector<CategoryColumn> categorical;
  std::vector<NumberColumn> continuous;
};

// How many codes each category has.
std::vector<int> codes_of(const TableColumns& columns);
float code_of(const CategoryColumn& column, const std::string& cell);
float scaled(const NumberColumn& column, double x);  // NaN: it is missing

// The number that a text is, where float32 can hold it.
std::optional<double> parse_number(std::string_view text);
// An empty cell, or what else pandas.read_csv takes for a missing value.
bool is_missing(std::string_view cell);
// The number that a field holds; NaN where it is missing. Throws Error, with its place, where it is
// something else.
double read_number(const Csv& csv, const NumberColumn& column, const Field& field);
// Where the table has a column. Throws Error "no column 'name'" and `why`, naming the nearest.
std::size_t find_column(const Csv& csv, const std::string& name, std::string_view why = "");

// For nlohmann.
void to_json(nlohmann::json&, const TableColumns&);
void from_json(const nlohmann::json&, TableColumns&);

}  // namespace archsweep::runner
