#pragma once

// A CSV file as a data set: a row a sample, one column the target. No LibTorch.

#include "runner/trial/data/dataset.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Throws Error "FILE:LINE:COLUMN: ...": no such table, a column that is not there, a value that is
// no number, ragged rows, a target with one value, or of mse with words.
Dataset open_table(const DatasetSpec& spec);

}  // namespace archsweep::runner
