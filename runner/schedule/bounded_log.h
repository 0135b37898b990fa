#pragma once

// What a worker writes on stdout and stderr: a file that keeps the first megabyte and the last
// 16 KiB, however much is written, and that tail in memory for the failed trial's row.

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

namespace archsweep::runner {

class BoundedLog {
 public:
  static constexpr std::size_t kept_head = 1 << 20;
  static constexpr std::size_t kept_tail = 16 << 10;

  // Throws Error (Exit::environment) when the file cannot be made. A disk that fills later leaves
  // it cut short; the tail is kept all the same.
  explicit BoundedLog(const std::filesystem::path&);
  ~BoundedLog();
  BoundedLog(const BoundedLog&) = delete;
  BoundedLog& operator=(const BoundedLog&) = delete;

  void add(std::string_view bytes);
  void close();
  std::string tail() const;  // at most kept_tail bytes, printable

 private:
  void write(std::string_view bytes);

  int fd_ = -1;
  std::size_t written_ = 0;
  std::size_t total_ = 0;
  std::string tail_;
};

}  // namespace archsweep::runner
