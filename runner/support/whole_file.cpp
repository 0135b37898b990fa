#include "runner/support/whole_file.h"

#include <unistd.h>

#include <fstream>
#include <iterator>

namespace archsweep {

namespace fs = std::filesystem;

std::string content_of(const fs::path& file, std::size_t from) {
  std::ifstream stream(file, std::ios::binary);
  if (from > 0) stream.seekg(static_cast<std::streamoff>(from));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

fs::path partial_of(const fs::path& file) {
  return file.string() + "." + std::to_string(::getpid()) + ".partial";
}

bool is_partial_of(const fs::path& partial, const fs::path& file) {
  const auto name = partial.filename().string();
  return name.starts_with(file.filename().string() + ".") && name.ends_with(".partial");
}

void remove_partial_files(const fs::path& file) {
  const auto parent = file.has_parent_path() ? file.parent_path() : fs::path(".");
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(parent, ignored))
    if (is_partial_of(entry.path(), file)) fs::remove(entry.path(), ignored);
}

bool replace_file(const fs::path& file, const std::string& text) {
  const auto partial = partial_of(file);
  std::ofstream stream(partial, std::ios::binary);
  stream << text;
  stream.close();
  std::error_code error;
  if (stream) fs::rename(partial, file, error);
  if (stream && !error) return true;
  fs::remove(partial, error);
  return false;
}

}  // namespace archsweep
