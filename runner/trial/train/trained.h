#pragma once

// The weights that a finished training leaves behind, with all that makes them of use: one
// safetensors file of timm's keys, the rest as JSON in its header.

#include <filesystem>
#include <string>
#include <vector>

#include "archs/network.h"
#include "archs/weights/tensors.h"
#include "runner/trial/data/table_columns.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

struct Trained {
  TrialSpec spec;
  std::string split_hash;
  std::string dtype;                     // that it was trained in: TrainingSpec::precision, settled
  std::vector<std::string> class_names;  // empty: numbers
  archs::NamedTensors weights;
  TableColumns columns;  // of a table
};

// Replaces the file as a whole and makes its folder. Throws Error.
void write_trained(const std::filesystem::path& file, const Trained& trained);

// Of such a file or of the checkpoint of a training that has ended. Throws Error.
Trained read_trained(const std::filesystem::path& file);

}  // namespace archsweep::runner
