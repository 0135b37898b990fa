#pragma once

// `archsweep-trial validate JOB`: top-1 and top-5 of a network with given weights on a folder of
// photos, prepared and counted as timm's validate does.

#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Prints a row on stdout, notes and progress on stderr. Throws Error.
int validate(const ValidateJob& job);

}  // namespace archsweep::runner
