#pragma once

// Who may write a results database, or a sweep's folder of workers' files: the process that holds a
// lock on PATH.lock. The kernel lets go of it when the process ends, however it ends.

#include <filesystem>
#include <optional>
#include <string>

namespace archsweep::results {

class WriterLock {
 public:
  // Throws Error when another process holds it (its pid is in the message) or the folder refuses.
  explicit WriterLock(const std::filesystem::path& database);
  ~WriterLock();
  WriterLock(const WriterLock&) = delete;
  WriterLock& operator=(const WriterLock&) = delete;

 private:
  int fd_ = -1;
};

// The pid of the process that writes the database now, as text, if any does.
std::optional<std::string> writer_of(const std::filesystem::path& database);

}  // namespace archsweep::results
