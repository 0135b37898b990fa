#pragma once

// Opening the results database and speaking of its faults. The only other users of SQLiteCpp are
// the store (store_database.h), query.cpp and import/.

#include <filesystem>
#include <memory>

#include <SQLiteCpp/SQLiteCpp.h>

#include "runner/support/error.h"

namespace archsweep::results {

// Throws Error: the file is not ours, or was written by a newer archsweep. An empty file is fine.
void check_is_ours(SQLite::Database& database, const std::filesystem::path& path);

// SQLite's refusal as a line that names the file and the mend.
Error explain(const SQLite::Exception& e, const std::filesystem::path& path);

}  // namespace archsweep::results
