#pragma once

// Cells of a query's answer as what they are meant to be.

#include <span>
#include <string>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/query.h"
#include "results/trial.h"

namespace archsweep::results {

inline double number_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  const auto* number = std::get_if<double>(&value);
  return number ? *number : not_measured;
}

inline std::int64_t whole_of(const Value& value) {
  const auto* whole = std::get_if<std::int64_t>(&value);
  return whole ? *whole : 0;
}

inline std::string text_of(const Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* number = std::get_if<double>(&value)) return fmt::format("{:.4g}", *number);
  const auto* text = std::get_if<std::string>(&value);
  return text ? *text : "";
}

inline std::string id_list(std::span<const std::int64_t> ids) {
  return fmt::format("({})", fmt::join(ids, ","));
}

}  // namespace archsweep::results
