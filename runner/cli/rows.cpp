#include "runner/cli/rows.h"

#include <cstdio>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "results/export/table.h"
#include "runner/support/terminal.h"

namespace archsweep::cli {

void add_format_option(CLI::App& app, std::string& format, const std::string& remark) {
  app.add_option("--format", format, "table, csv, json or md; " + remark)
      ->check(CLI::IsMember(
          std::vector<std::string>(std::begin(results::formats), std::end(results::formats))));
}

void print_rows(const results::Rows& rows, const std::string& format,
                const std::vector<std::string>& spare) {
  const auto width = format == "table" ? terminal_width(stdout) : 0;
  if (width == 0) {
    fmt::print("{}", results::write_rows(rows, format));
    return;
  }
  const auto table = results::narrow_table(rows, width, spare);
  fmt::print("{}", table.text);
  std::fflush(stdout);  // the note comes after the rows
  if (!table.left_out.empty())
    fmt::print(stderr, "no room in {} columns for {}; --format csv has all\n", width,
               fmt::join(table.left_out, ", "));
  else if (table.shortened)
    fmt::print(stderr, "texts are cut to {} columns; --format csv has them whole\n", width);
}

}  // namespace archsweep::cli
