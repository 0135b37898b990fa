#include "runner/trial/data/table_columns.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/number.h"
#include "runner/support/text.h"

namespace archsweep::runner {

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !fits_float(value)) return {};
  return value;
}

bool is_missing(std::string_view cell) {
  static const std::set<std::string_view> words{
      "",     "NA",   "N/A",  "n/a",  "<NA>", "#NA",    "#N/A",    "#N/A N/A", "NaN",     "nan",
      "-NaN", "-nan", "NULL", "null", "None", "1.#IND", "-1.#IND", "1.#QNAN",  "-1.#QNAN"};
  return words.contains(cell);
}

double read_number(const Csv& csv, const NumberColumn& column, const Field& field) {
  if (is_missing(field.text)) return std::numeric_limits<double>::quiet_NaN();
  const auto value = parse_number(field.text);
  if (!value)
    throw csv.fault(field, fmt::format("{}: '{}' is no number that float32 can hold", column.name,
                                       printable(field.text, 60)));
  if (column.log && *value <= -1)
    throw csv.fault(field, fmt::format("{}: {} has no log10(x + 1)", column.name, field.text));
  return *value;
}

std::size_t find_column(const Csv& csv, const std::string& name, std::string_view why) {
  if (const auto at = csv.find(name)) return *at;
  throw csv.fault({{}, 1, 1}, fmt::format("no column '{}'{}{}", printable(name, 80), why,
                                          did_you_mean(name, csv.columns())));
}

std::vector<int> codes_of(const TableColumns& columns) {
  std::vector<int> codes;
  for (const auto& column : columns.categorical)
    codes.push_back(static_cast<int>(column.levels.size()) + 1);
  return codes;
}

float code_of(const CategoryColumn& column, const std::string& cell) {
  const auto level = is_missing(cell) ? "" : cell;
  const auto at = std::ranges::lower_bound(column.levels, level);
  if (at == column.levels.end() || *at != level) return 0;
  return static_cast<float>(at - column.levels.begin() + 1);
}

float scaled(const NumberColumn& column, double x) {
  if (std::isnan(x)) x = column.median;
  const double z = ((column.log ? std::log10(x + 1) : x) - column.shift) / column.scale;
  constexpr double most =
      std::numeric_limits<float>::max();  // a row of another part may be far out
  return static_cast<float>(std::clamp(z, -most, most));
}

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CategoryColumn, name, levels)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NumberColumn, name, log, shift, scale, median)

void to_json(nlohmann::json& json, const TableColumns& columns) {
  json = {{"target", columns.target},
          {"categorical", columns.categorical},
          {"continuous", columns.continuous}};
}

void from_json(const nlohmann::json& json, TableColumns& columns) {
  json.at("target").get_to(columns.target);
  json.at("categorical").get_to(columns.categorical);
  json.at("continuous").get_to(columns.continuous);
}

}  // namespace archsweep::runner
