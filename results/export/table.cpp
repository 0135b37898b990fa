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
  constexpr std::size_t most = 80;
  auto line = printable(text, most);
  if (text.size() > most) line += "…";
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

// An object has a name once: a second "top1" of a query becomes "top1_2".
std::vector<std::string> json_names(const std::vector<std::string>& columns) {
  std::vector<std::string> names;
  for (const auto& column : columns) {
    auto name = column;
    const auto is_taken = [&] {
      return std::ranges::count(names, name) > 0 ||
             (name != column && std::ranges::count(columns, name) > 0);
    };
    for (int i = 2; is_taken(); ++i) name = fmt::format("{}_{}", column, i);
    names.push_back(name);
  }
  return names;
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

// Columns that a text takes on a terminal.
std::size_t width_of(const std::string& text) {
  if (std::ranges::all_of(text, [](char c) { return static_cast<signed char>(c) >= 0; }))
    return text.size();
  // No text is wider than it has bytes, and fmt knows what it takes to fill up the rest.
  return 2 * text.size() - fmt::formatted_size("{:<{}}", text, text.size());
}

// A table as texts: the first line has the names of the columns.
struct Grid {
  std::vector<std::vector<std::string>> cells;
  std::vector<std::size_t> widths;
  std::vector<std::size_t> columns;  // those of the rows that are shown
};

Grid grid(const Rows& rows, bool markdown) {
  Grid g;
  g.cells.emplace_back();
  // A column may be named by any text of a query.
  for (const auto& name : rows.columns) g.cells[0].push_back(cell(name, markdown));
  for (const auto& row : rows.rows) {
    auto& line = g.cells.emplace_back();
    line.reserve(row.size());
    for (const auto& value : row) line.push_back(cell(value, markdown));
  }
  g.widths.resize(rows.columns.size(), markdown ? 3 : 0);
  for (const auto& line : g.cells)
    for (std::size_t i = 0; i < line.size(); ++i)
      g.widths[i] = std::max(g.widths[i], width_of(line[i]));
  for (std::size_t i = 0; i < rows.columns.size(); ++i) g.columns.push_back(i);
  return g;
}

std::string aligned(const Rows& rows, const Grid& g, bool markdown) {
  std::string out;
  for (std::size_t r = 0; r < g.cells.size(); ++r) {
    if (markdown) out += "|";
    bool is_first = true;
    for (const auto i : g.columns) {
      const auto& text = g.cells[r][i];
      const auto fill = g.widths[i] - width_of(text);
      const bool right = r > 0 && is_number(rows.rows[r - 1][i]);
      out += markdown ? " " : is_first ? "" : "  ";
      out.append(right ? fill : 0, ' ').append(text).append(right ? 0 : fill, ' ');
      if (markdown) out += " |";
      is_first = false;
    }
    out.resize(out.find_last_not_of(' ') + 1);
    out += "\n";
    if (r > 0 || !markdown) continue;
    out += "|";
    for (const auto width : g.widths) out += std::string(width + 2, '-') + "|";
    out += "\n";
  }
  return out;
}

std::size_t width_of(const Grid& g) {
  std::size_t width = 0;
  for (const auto i : g.columns) width += g.widths[i] + 2;
  return width - 2;
}

std::string cut(std::string text, std::size_t width) {
  if (width_of(text) <= width) return text;
  for (auto bytes = text.size(); width_of(text) >= width;) text = printable(text, --bytes);
  return text + "…";
}

}  // namespace

std::string write_rows(const Rows& rows, const std::string& format) {
  std::string out;
  if (format == "csv") {
    out = csv_header(rows.columns);
    for (const auto& row : rows.rows) out += csv_row(row);
  } else if (format == "json") {
    const auto names = json_names(rows.columns);
    for (const auto& row : rows.rows) out += json_row(names, row, out.empty());
    out += json_end(rows.rows.empty());
  } else {
    const bool markdown = format == "md";
    out = aligned(rows, grid(rows, markdown), markdown);
  }
  return out;
}

NarrowTable narrow_table(const Rows& rows, std::size_t width,
                         const std::vector<std::string>& spare) {
  NarrowTable table;
  auto g = grid(rows, false);
  const auto whole = g.widths;
  const auto excess = [&] {
    const auto now = width_of(g);
    return now > width ? now - width : 0;
  };
  // Of the columns that `may`, the widest, down to `least` if need be.
  const auto shorten_widest = [&](std::size_t least, const auto& may) {
    while (const auto over = excess()) {
      std::size_t* widest = nullptr;
      for (const auto i : g.columns)
        if (auto& w = g.widths[i]; w > least && (!widest || w > *widest) && may(i)) widest = &w;
      if (!widest) return;
      *widest -= std::min(over, *widest - least);
    }
  };
  const auto is_text = [&](std::size_t i) {
    return std::ranges::none_of(rows.rows, [&](const Values& row) { return is_number(row[i]); });
  };
  const auto is_prose = [&](std::size_t i) {
    return is_text(i) && std::any_of(g.cells.begin() + 1, g.cells.end(), [&](const auto& line) {
             return line[i].find(' ') != std::string::npos;
           });
  };
  std::vector<std::size_t> left_out;
  const auto leave_out = [&](auto column) {
    left_out.push_back(*column);
    g.columns.erase(column);
  };
  constexpr std::size_t readable = 24, least = 8;
  shorten_widest(readable, is_prose);
  for (const auto& name : spare)
    for (auto i = g.columns.size(); excess() > 0 && i-- > 1;)
      if (rows.columns[g.columns[i]] == name)
        leave_out(g.columns.begin() + static_cast<std::ptrdiff_t>(i));
  shorten_widest(readable, [&](std::size_t i) { return i > 0 && is_text(i); });
  while (excess() > 0 && g.columns.size() > 1) leave_out(g.columns.end() - 1);
  shorten_widest(least, is_text);
  // A narrow one may fit where a wide one was in the way.
  for (auto i = left_out.size(); i-- > 0;) {
    const auto column = left_out[i];
    if (width_of(g) + 2 + g.widths[column] > width) continue;
    g.columns.insert(std::ranges::upper_bound(g.columns, column), column);
    left_out.erase(left_out.begin() + static_cast<std::ptrdiff_t>(i));
  }
  for (const auto i : left_out)
    if (std::ranges::count(table.left_out, rows.columns[i]) == 0)
      table.left_out.push_back(rows.columns[i]);
  for (const auto i : g.columns) {
    const auto now = width_of(g);
    g.widths[i] = std::min(whole[i], g.widths[i] + (now < width ? width - now : 0));
    table.shortened |= g.widths[i] < whole[i];
    for (auto& line : g.cells) line[i] = cut(std::move(line[i]), g.widths[i]);
  }
  table.text = aligned(rows, g, false);
  return table;
}

Rows table_rows(Cursor& cursor) {
  Rows rows{.columns = cursor.columns(), .rows = {}};
  while (cursor.next()) {
    if (rows.rows.size() == most_table_rows)
      throw Error(fmt::format(
          "more than {} rows: too many for a table; add a LIMIT, or --format csv, which has none",
          most_table_rows));
    rows.rows.push_back(cursor.row());
  }
  return rows;
}

void write_rows(Cursor& cursor, const std::string& format,
                const std::function<void(std::string_view)>& write) {
  const bool csv = format == "csv";
  const auto names = json_names(cursor.columns());
  if (csv) write(csv_header(cursor.columns()));
  bool is_first = true;
  for (; cursor.next(); is_first = false)
    write(csv ? csv_row(cursor.row()) : json_row(names, cursor.row(), is_first));
  if (!csv) write(json_end(is_first));
}

}  // namespace archsweep::results
