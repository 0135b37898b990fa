#pragma once

// Reading a CSV file row by row: a header, then rows of as many fields. libcsv knows about quotes,
// line breaks and blank lines; what is not such a table is refused here, with file, line and
// column. Knows nothing of what the columns mean.

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runner/support/error.h"

namespace archsweep {

// The bytes of a table. Throws Error: not a regular file, unreadable, or larger than 512 MiB.
std::string read_csv_file(const std::filesystem::path& file);

// The one that the header has outside quotes: a tab, a comma or a semicolon, in this order.
char csv_separator(std::string_view text);

struct Field {
  std::string text;        // without its quotes and the spaces around it
  std::size_t line = 0;    // where it begins, from 1
  std::size_t column = 0;  // likewise, in bytes
};

// Of one row alone: the next can be read.
struct RowError : Error {
  using Error::Error;
};

class Csv {
 public:
  // Reads the header. `text` must outlive this; `file` is its name in messages; `separator` is a
  // comma, a tab or a semicolon. Throws Error: not text in UTF-8 (a byte order mark is skipped), no
  // header, a column named twice.
  Csv(std::string_view text, std::string file, char separator = ',');
  ~Csv();

  const std::vector<std::string>& columns() const { return columns_; }
  std::optional<std::size_t> find(std::string_view column) const;

  // Goes to the next row; false after the last. Throws RowError: more or fewer fields than the
  // header has; Error: a quote that is not closed or stands inside a field.
  bool next();
  const std::vector<Field>& row() const { return row_; }
  std::size_t line() const { return row_.empty() ? 0 : row_[0].line; }  // where the row begins

  // "FILE:LINE:COLUMN: message".
  Error fault(const Field& at, std::string_view message) const;

 private:
  struct Parser;  // hides libcsv
  bool read_row();

  std::string_view text_;
  std::string file_;
  std::string ends_;  // what ends a field
  std::unique_ptr<Parser> parser_;
  std::vector<std::string> columns_;
  std::vector<Field> row_;
};

}  // namespace archsweep
