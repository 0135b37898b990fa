#pragma once

// What a scheduler that died left behind: running attempts with a journal each.

#include "results/store.h"

namespace archsweep::runner {

// Ends workers that still run, reads each journal into the store, finishes what was done and plans
// the rest again. Returns how many attempts there were. Call it with the store's lock held.
int ingest_unfinished(results::Store& store);

}  // namespace archsweep::runner
