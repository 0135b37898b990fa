#include "results/export/table.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "results/export/json.h"
#include "runner/support/error.h"
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

using Values = std::vector<Value>;

template <typename Cells, typename Text>
std::string csv_line(const Cells& cells, const Text& text) {
  std::string line;
  for (std::size_t i = 0; i < cells.size(); ++i) line += (i ? "," : "") + csv_field(text(cells[i]));
  return line + "\n";
}
std::string csv_header(const std::vector<std::string>& columns) {
  return csv_line(columns, [](const std::string& name) { return name; });
}
std::string csv_row(const Values& row) {
  return csv_line(row, [](const Value& v) { return text_of(v, false); });
}

// A row a line, so that a reader can take them as they come.
std::string json_row(const std::vector<std::string>& columns, const Values& row, bool is_first) {
  auto object = nlohmann::ordered_json::object();
  for (std::size_t i = 0; i < row.size(); ++i) object[columns[i]] = to_json(row[i]);
  return (is_first ? "[\n " : ",\n ") +
         object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}
std::string json_end(bool is_empty) {
  return is_empty ? "[]\n" : "\n]\n";
}

std::string cell(const Value& value, bool markdown) {
  auto text = text_of(value, true);
  if (markdown)
    for (std::size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2) text.insert(at, "\\");
  return text;
}

std::string aligned(const Rows& rows, bool markdown) {
  std::vector<std::vector<std::string>> cells(1);
  // A column may be named by any text of a query.
  for (const auto& name : rows.columns) cells[0].push_back(cell(name, markdown));
  for (const auto& row : rows.rows) {
    cells.emplace_back();
    for (const auto& value : row) cells.back().push_back(cell(value, markdown));
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
  std::string out;
  if (format == "csv") {
    out = csv_header(rows.columns);
    for (const auto& row : rows.rows) out += csv_row(row);
  } else if (format == "json") {
    for (const auto& row : rows.rows) out += json_row(rows.columns, row, out.empty());
    out += json_end(rows.rows.empty());
  } else {
    out = aligned(rows, format == "md");
  }
  return out;
}

void write_rows(Cursor& cursor, const std::string& format,
                const std::function<void(std::string_view)>& write) {
  Rows rows{.columns = cursor.columns(), .rows = {}};
  const bool csv = format == "csv", json = format == "json";
  if (csv) write(csv_header(rows.columns));
  bool is_first = true;
  for (; cursor.next(); is_first = false) {
    Values row;
    row.reserve(rows.columns.size());
    for (int i = 0; i < static_cast<int>(rows.columns.size()); ++i) row.push_back(cursor.value(i));
    if (csv) {
      write(csv_row(row));
    } else if (json) {
      write(json_row(rows.columns, row, is_first));
    } else {
      rows.rows.push_back(std::move(row));
      if (rows.rows.size() > most_table_rows)
        throw Error(fmt::format(
            "more than {} rows: too many for a table; add a LIMIT, or --format csv, which has none",
            most_table_rows));
    }
  }
  if (json) write(json_end(is_first));
  if (!csv && !json) write(aligned(rows, format == "md"));
}

}  // namespace archsweep::results
