#pragma once

// Which images are trained on and which are held out: seeded, stratified by class, the same on
// every platform.

#include <cstdint>
#include <vector>

#include "runner/trial/data/source.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

struct Split {
  std::vector<std::uint32_t> train, valid;  // positions in the source, ascending
};

// Throws Error where a side would be empty or smaller than asked for.
Split make_split(const Source& source, const DatasetSpec& spec);

}  // namespace archsweep::runner
