#pragma once

// The schema of the results database, for whoever opens it with sqlite3 or Datasette: every table
// and view explains itself in its own SQL, which `.schema` shows.

#include <cstdint>
#include <span>

namespace archsweep::results {

// "arch" in ASCII: PRAGMA application_id, so that another program's file is told from ours.
inline constexpr std::int32_t application_id = 0x61726368;

// migrations()[i] brings a database from version i to i + 1 (PRAGMA user_version). Never edit one
// that was released: append.
std::span<const char* const> migrations();

}  // namespace archsweep::results
