#pragma once

// `archsweep predict` of a table: what an exported network says of the rows of CSV files.

#include <span>
#include <string>

#include "runner/trial/exported.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Prints the rows of the answer. A file needs the columns that the network learned from, in any
// order, and may have others. A row or file that is at fault is named on stderr as
// "FILE:LINE:COLUMN: ...", the others go on, and the exit code is 1. Cells that are missing, or of
// a level that training never had, are no fault, but counted on stderr. Throws Error.
int predict_rows(const PredictJob& job, Exported& exported, std::span<const std::string> files);

}  // namespace archsweep::runner
