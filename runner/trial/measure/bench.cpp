#include "runner/trial/measure/bench.h"

#include <cmath>
#include <exception>
#include <optional>

#include <nlohmann/json.hpp>

#include "archs/network.h"
#include "runner/trial/device.h"
#include "runner/trial/exported.h"
#include "runner/trial/failure.h"
#include "runner/trial/measure/lease.h"
#include "runner/trial/measure/timing.h"
#include "runner/trial/model.h"

namespace archsweep::runner {

void bench(const Job& job, EventSink& events) {
  const auto& spec = job.spec;
  const auto& m = spec.measurement;
  const auto device = open_device(job.device);
  Lease lease(lease_name(device),
              [&](bool waits) { events.send(Progress{.phase = waits ? "wait" : "start"}); });
  lease.alone();
  torch::manual_seed(spec.training.seed);
  const InputShape shape{.channels = spec.dataset.channels, .side = spec.dataset.image_size};
  std::optional<Exported> exported;
  std::optional<Model> fresh;
  if (m.exported.empty())
    fresh.emplace(
        archs::build(spec.architecture, {.in_chans = shape.channels, .image_size = shape.side}),
        spec.training, device);
  else
    exported.emplace(m.exported, device).model().set_precision(spec.training.precision);
  Model& model = fresh ? *fresh : exported->model();
  results::Summary summary{.dtype = model.dtype(), .layout = model.layout()};
  summary.parameters = archs::count_parameters(model.network());
  const auto work = count_work(model, shape);
  summary.macs = work.macs;
  summary.activations = work.activations;
  if (m.fold) model.fold_batch_norms(shape.channels, shape.side);
  summary.layout = model.layout();

  bool timed = false;
  std::exception_ptr last_fault;
  const auto attempt = [&](const char* phase, const char* kind, int batch_size, double& peak,
                           auto&& time) {
    events.send(Progress{.phase = phase, .step = batch_size});
    try {
      const double bytes = time();
      // fmax: nothing known yet is NaN
      peak = std::fmax(peak, bytes);
      timed = true;
    } catch (...) {
      last_fault = std::current_exception();
      const auto failure = current_failure();
      events.send(results::Measurement{
          .kind = kind,
          .batch_size = batch_size,
          .dtype = model.dtype(),
          .layout = model.layout(),
          .image_size = shape.side,
          .protocol = timing_protocol,
          .conditions =
              nlohmann::json{{"failed", results::name(failure.cause)}, {"message", failure.message}}
                  .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)});
    }
  };
  for (const int n : m.batch_sizes)
    attempt("measure", n == 1 ? "latency" : "throughput", n, summary.inference_memory_bytes,
            [&] { return time_inference(model, shape, n, m, events); });
  for (const int n : m.train_batch_sizes)
    attempt("measure training", "train_step", n, summary.train_memory_bytes,
            [&] { return time_training(model, shape, n, m, spec.training, events); });
  if (!timed && last_fault) std::rethrow_exception(last_fault);
  events.send(summary);
}

}  // namespace archsweep::runner
