#pragma once

// Reading the results database. Nothing that is asked here can write, attach or lock anything, and
// reading works while a sweep writes, and from a folder that cannot be written.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace archsweep::results {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;  // first: NULL

struct Rows {
  std::vector<std::string> columns;
  std::vector<std::vector<Value>> rows;
};

class Reader {
 public:
  // Throws Error when there is no such file, it is not ours or it is from a newer archsweep.
  explicit Reader(const std::filesystem::path& database);
  ~Reader();

  // One SELECT (or WITH, VALUES, EXPLAIN, reading PRAGMA). Throws Error with SQLite's reason.
  Rows ask(const std::string& sql) const;

 private:
  struct Connection;  // hides SQLite
  std::unique_ptr<Connection> connection_;
};

}  // namespace archsweep::results
