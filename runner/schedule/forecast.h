#pragma once

// What trials will take, from what was measured: their own epochs, or a preflight of their kind.

#include <span>
#include <string>

#include "results/trial.h"
#include "runner/plan/plan.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// NaN where it is not known.
struct Forecast {
  double latency = results::not_measured;        // seconds, batch 1
  double step_seconds = results::not_measured;   // of training
  double epoch_seconds = results::not_measured;  // validation included
  double end_seconds = 0;                        // of the measurement after the last epoch
  double checkpoint_bytes = results::not_measured;
  double train_memory_bytes = results::not_measured;  // at its peak

  // Of the epochs after `done`, as far as `until` of `all`.
  double seconds(int done, int until, int all) const {
    return (until - done) * epoch_seconds + (until >= all ? end_seconds : 0);
  }
};

Forecast forecast(const TrialSpec& spec, const results::CandidateCost& cost, const Prepared& data,
                  const results::Reached& reached);

// The wall clock `seconds` from now: "07:12", "Tue 07:12" when it is another day.
std::string clock_in(double seconds);

}  // namespace archsweep::runner
