#pragma once

// What workers report, into the store: as it comes, and, of a scheduler that died, from the
// journals.

#include <filesystem>
#include <span>
#include <string>

#include "results/store.h"
#include "runner/config/config.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Where the attempt ran, its epochs and its timings. How it ended is for the caller to judge.
void record(results::Store& store, results::TrialId trial, int attempt, const Event& event);

// Where the worker of a trial has its files, less their endings: .json, .jsonl, .log.
std::filesystem::path files_of(const std::filesystem::path& output_folder,
                               const std::string& fingerprint);

// Trials that this database has lost, as it was deleted or an old copy was put in its place: what
// their journals tell comes in again. Journals of a sweep into another database are left alone.
// Returns how many trials there were.
int adopt_journals(results::Store& store, std::span<const results::PlannedRow> planned,
                   const OutputConfig& output);

// Ends workers and tasks of Slurm that still run, reads each journal into the store, finishes what
// was done and plans the rest again. Returns how many attempts there were. Call it with the store's
// lock held. Throws Error (Exit::environment) where tasks may run and Slurm does not answer.
// Without `keep_checkpoints`, what was done loses its own, as if its scheduler had lived.
int ingest_unfinished(results::Store& store, bool keep_checkpoints = true);

}  // namespace archsweep::runner
