#pragma once

#include <filesystem>
#include <string>

namespace archsweep::runner {

// The whole file. Throws std::runtime_error with the reason, without the name.
std::string read_file(const std::filesystem::path& path);

// The same, unpacked where the content is gzip's; refuses to grow over `limit` bytes.
std::string read_unpacked(const std::string& packed, std::size_t limit);

}  // namespace archsweep::runner
