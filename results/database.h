#pragma once

// Opening the results database and speaking of its faults. The only other users of SQLiteCpp are
// the store (store_database.h), query.cpp and import/.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include <SQLiteCpp/SQLiteCpp.h>

#include "runner/support/error.h"

namespace archsweep::results {

// Throws Error: the file is not ours, or was written by a newer archsweep. An empty file is fine.
void check_is_ours(SQLite::Database& database, const std::filesystem::path& path);

// Which file the path names now, by device and inode, if any.
using FileId = std::optional<std::pair<std::uint64_t, std::uint64_t>>;
FileId file_id(const std::filesystem::path& path);

// SQLite's refusal as a line that names the file and the mend.
Error explain(const SQLite::Exception& e, const std::filesystem::path& path);

}  // namespace archsweep::results
