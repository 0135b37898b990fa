#pragma once

// Files that are read and written as a whole.

#include <cstddef>
#include <filesystem>
#include <string>

namespace archsweep {

// From a byte on; "" where it cannot be read.
std::string content_of(const std::filesystem::path& file, std::size_t from = 0);

// The new text or the old file, whatever happens. False: it cannot be written.
bool replace_file(const std::filesystem::path& file, const std::string& text);

}  // namespace archsweep
