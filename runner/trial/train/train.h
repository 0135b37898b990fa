#pragma once

// One trial from the data to the measurements: builds the network, trains it, times it, and tells
// everything as events.

#include "runner/trial/events.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Reads, checks, splits and caches the data set; sends Prepared.
void prepare(const Job& job, EventSink& events);

// Sends an Epoch each epoch, those that a checkpoint brings first, then Measurements and a Summary,
// or Paused. Throws Diverged, Error, or c10::Error from LibTorch.
void train(const Job& job, EventSink& events);

// A few steps and forwards of the trial on random images; sends Preflight. Throws as train().
void preflight(const Job& job, EventSink& events);

// Trains while the learning rate rises; sends a RateSweep. Throws as train().
void sweep_rates(const Job& job, EventSink& events);

}  // namespace archsweep::runner
