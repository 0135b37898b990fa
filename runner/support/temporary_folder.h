#pragma once

#include <filesystem>
#include <string>

namespace archsweep {

// A new folder `parent/name-XXXXXX` that is gone, with all that is in it, at the end. Throws Error
// (Exit::environment) where it cannot be made.
class TemporaryFolder {
 public:
  explicit TemporaryFolder(const std::string& name, const std::filesystem::path& parent =
                                                        std::filesystem::temp_directory_path());
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace archsweep
