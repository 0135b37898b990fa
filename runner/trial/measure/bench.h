#pragma once

// One visit of a benchmark: the network of a name with fresh weights, timed on random input at
// every batch size of the spec, the device held alone from the building on.

#include "runner/trial/events.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Sends Measurements and a Summary. A batch size that cannot be (out of memory, batch norm over one
// value) is a Measurement without samples whose conditions say why: {"failed":...,"message":...}.
// Throws where none could be timed.
void bench(const Job& job, EventSink& events);

}  // namespace archsweep::runner
