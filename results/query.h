#pragma once

// Reading the results database. Nothing that is asked here can write, attach or lock anything, and
// reading works while a sweep writes, and from a folder that cannot be written.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace archsweep::results {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  // first: NULL

std::string sql_text(std::string_view text);  // as a literal in SQL

struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
};

class Reader;

// The answer to one question, row by row. Lives no longer than its Reader.
class Cursor {
 public:
  bool next();  // false after the last row; throws Error with SQLite's reason
  const std::vector<std::string>& columns() const { return columns_; }
  // Of the present row.
  Value value(int column) const;
  std::vector<Value> row() const;
  double number(int column) const;          // NaN for NULL
  std::int64_t whole(int column) const;     // 0 for NULL
  std::string_view text(int column) const;  // until next()

 private:
  friend class Reader;
  struct Statement;  // hides SQLite
  explicit Cursor(std::shared_ptr<Statement> statement);
  std::shared_ptr<Statement> statement_;
  std::vector<std::string> columns_;
};

// For one thread at a time.
class Reader {
 public:
  // Throws Error when there is no such file, it is not ours or it is from a newer archsweep.
  explicit Reader(const std::filesystem::path& database);
  ~Reader();

  // One SELECT (or WITH, VALUES, EXPLAIN, reading PRAGMA). Throws Error with SQLite's reason.
  Rows ask(const std::string& sql) const;
  // The same without holding all rows at once.
  Cursor open(const std::string& sql) const;

  // From now on a question that is still being answered after so many seconds ends with an Error.
  void set_timeout(double seconds);

 private:
  friend class Cursor;
  struct Connection;  // hides SQLite
  std::shared_ptr<Connection> connection_;
};

}  // namespace archsweep::results
