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

bool replace_file(const fs::path& file, const std::string& text) {
  const fs::path partial = file.string() + "." + std::to_string(::getpid()) + ".partial";
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
