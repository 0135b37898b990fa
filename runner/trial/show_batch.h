#pragma once

#include "runner/trial/events.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Writes the images of the first batch as they are stored and as each augmentation of the view
// hands them to a network, before they are normalised; sends ShownBatch. Throws Error.
void show_batch(const Job& job, EventSink& events);

// Writes the chosen images of the data set as they are stored; sends ShownBatch. Throws Error: the
// data set is not that of the view's split any more.
void show_images(const Job& job, EventSink& events);

}  // namespace archsweep::runner
