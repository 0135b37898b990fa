#pragma once

// Speed and memory of a network on random input: warmed up until stable, the device synchronised
// around every sample, every time kept, the machine looked at before and after. A trained network
// and a benchmark are timed by this same code. The caller holds the device alone (lease.h).

#include "runner/trial/events.h"
#include "runner/trial/input_shape.h"
#include "runner/trial/measure/macs.h"
#include "runner/trial/model.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Raised whenever how a timing is taken changes: timings compare only within a version.
//   1  a fixed time of warming up
//   2  warmed up until stable
inline constexpr int timing_protocol = 2;

// What the forward of one sample computes.
Work count_work(Model& model, const InputShape& shape);

// Forwards of one batch size in inference mode; `latency` of one image, else `throughput`. Sends
// the Measurement and returns the peak memory in bytes.
double time_inference(Model& model, const InputShape& shape, int batch_size,
                      const MeasurementSpec& spec, EventSink& events);

// Steps of training with the optimizer of `training`: `train_step`, then again with the device
// synchronised between forward, backward (with the loss, as timm has it) and optimizer, one
// Measurement each. The loss is the cross-entropy with random targets; these and the input are made
// before, gradients are freed outside of the timed part. Returns the peak memory in bytes.
double time_training(Model& model, const InputShape& shape, int batch_size,
                     const MeasurementSpec& spec, const TrainingSpec& training, EventSink& events);

}  // namespace archsweep::runner
