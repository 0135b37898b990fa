#pragma once

// The join of published accuracies with speeds, in SQL, on a connection that may write.

#include <SQLiteCpp/SQLiteCpp.h>

namespace archsweep::results {

// Leaves temporary tables behind that tell what it did: `outcomes` and `unmatched`.
void join_published(SQLite::Database& database);

}  // namespace archsweep::results
