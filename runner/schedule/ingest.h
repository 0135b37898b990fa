#pragma once

// What workers report, into the store: as it comes, and, of a scheduler that died, from the
// journals.

#include "results/store.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Where the attempt ran, its epochs and its timings. How it ended is for the caller to judge.
void record(results::Store& store, results::TrialId trial, int attempt, const Event& event);

// Ends workers that still run, reads each journal into the store, finishes what was done and plans
// the rest again. Returns how many attempts there were. Call it with the store's lock held.
int ingest_unfinished(results::Store& store);

}  // namespace archsweep::runner
