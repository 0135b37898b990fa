#include "results/export/table.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/text.h"

namespace archsweep::results {
namespace {

// Four digits, but whole ones are never cut to zeros or powers.
std::string for_reading(double number) {
  const double size = std::abs(number);
  return size >= 1e4 && size < 1e12 ? fmt::format("{:.0f}", number) : fmt::format("{:.4g}", number);
}

std::string text_of(const Value& value, bool for_people) {
  if (std::holds_alternative<std::monostate>(value)) return "";
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return fmt::format("{}", *whole);
  if (const auto* number = std::get_if<double>(&value))
    return for_people ? for_reading(*number) : fmt::format("{}", *number);
  const auto& text = std::get<std::string>(value);
  if (!for_people) return text;
  auto line = printable(text, 80);
  std::ranges::replace(line, '\n', ' ');
  return line;
}

bool is_number(const Value& value) {
  return value.index() == 1 || value.index() == 2;
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == text.npos) return text;
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string csv(const Rows& rows) {
  std::string out;
  const auto line = [&](const auto& cells, auto&& text) {
    for (std::size_t i = 0; i < cells.size(); ++i)
      out += (i ? "," : "") + csv_field(text(cells[i]));
    out += "\n";
  };
  line(rows.columns, [](const std::string& name) { return name; });
  for (const auto& row : rows.rows) line(row, [](const Value& v) { return text_of(v, false); });
  return out;
}

std::string json(const Rows& rows) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows.rows) {
    nlohmann::ordered_json object = nlohmann::ordered_json::object();
    for (std::size_t i = 0; i < row.size(); ++i)
      std::visit(
          [&](const auto& v) {
            if constexpr (std::is_same_v<std::remove_cvref_t<decltype(v)>, std::monostate>)
              object[rows.columns[i]] = nullptr;
            else
              object[rows.columns[i]] = v;
          },
          row[i]);
    list.push_back(std::move(object));
  }
  return list.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string aligned(const Rows& rows, bool markdown) {
  std::vector<std::vector<std::string>> cells{rows.columns};
  for (const auto& row : rows.rows) {
    cells.emplace_back();
    for (const auto& value : row) {
      auto text = text_of(value, true);
      if (markdown)
        for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2)
          text.insert(at, "\\");
      cells.back().push_back(std::move(text));
    }
  }
  std::vector<std::size_t> widths(rows.columns.size(), markdown ? 3 : 0);
  for (const auto& line : cells)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], line[i].size());
  std::string out;
  for (std::size_t r = 0; r < cells.size(); ++r) {
    std::string line = markdown ? "|" : "";
    for (std::size_t i = 0; i < cells[r].size(); ++i) {
      const bool right = r > 0 && is_number(rows.rows[r - 1][i]);
      const auto padded = right ? fmt::format("{:>{}}", cells[r][i], widths[i])
                                : fmt::format("{:<{}}", cells[r][i], widths[i]);
      line += markdown ? " " + padded + " |" : (i ? "  " : "") + padded;
    }
    out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
    if (r > 0 || !markdown) continue;
    out += "|";
    for (const auto width : widths) out += std::string(width + 2, '-') + "|";
    out += "\n";
  }
  return out;
}

}  // namespace

std::string write_rows(const Rows& rows, const std::string& format) {
  if (format == "csv") return csv(rows);
  if (format == "json") return json(rows);
  return aligned(rows, format == "md");
}

}  // namespace archsweep::results
