#pragma once

// What went wrong, as it is stored.

#include <stdexcept>

#include "results/trial.h"

namespace archsweep::runner {

struct Diverged : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Of the exception that is being handled.
results::Failure current_failure();

}  // namespace archsweep::runner
