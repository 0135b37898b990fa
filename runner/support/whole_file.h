#pragma once

// Files that are read and written as a whole.

#include <cstddef>
#include <filesystem>
#include <string>

namespace archsweep {

// From a byte on; "" where it cannot be read.
std::string content_of(const std::filesystem::path& file, std::size_t from = 0);

// Under which this process writes a file until it is whole: FILE.PID.partial.
std::filesystem::path partial_of(const std::filesystem::path& file);
bool is_partial_of(const std::filesystem::path& partial, const std::filesystem::path& file);

// What processes that were killed while they wrote the file left beside it; it can be as large.
void remove_partial_files(const std::filesystem::path& file);

// The new text or the old file, whatever happens. False: it cannot be written.
bool replace_file(const std::filesystem::path& file, const std::string& text);

}  // namespace archsweep
