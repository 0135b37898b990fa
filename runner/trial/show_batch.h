#pragma once

#include "runner/trial/events.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Writes the images of the first batch as they are stored and as each augmentation of the view
// hands them to a network, before they are normalised; sends ShownBatch. Throws Error.
void show_batch(const Job& job, EventSink& events);

}  // namespace archsweep::runner
