#include "runner/trial/measure/timing.h"

#include <chrono>
#include <functional>
#include <string>
#include <utility>

#include <torch/nn/functional/loss.h>

#include "runner/trial/device.h"
#include "runner/trial/measure/conditions.h"
#include "runner/trial/measure/nvml.h"
#include "runner/trial/measure/sampling.h"
#include "runner/trial/train/optimizer.h"

namespace archsweep::runner {
namespace {

class Stopwatch {
 public:
  explicit Stopwatch(const torch::Device& device) : device_(device) { lap(); }

  // Seconds since the last call. What the device was given until now has been done.
  double lap() {
    synchronize(device_);
    const auto before = std::exchange(last_, std::chrono::steady_clock::now());
    return std::chrono::duration<double>(last_ - before).count();
  }

 private:
  torch::Device device_;
  std::chrono::steady_clock::time_point last_{};
};

// Takes the samples of all parts and sends each as a Measurement of its kind.
double measure(const std::vector<std::string>& kinds, const TimedRun& run, const Model& model,
               const InputShape& shape, int batch_size, const SamplingLimits& limits,
               EventSink& events) {
  const auto& device = model.device();
  const auto bus_id = device.is_cpu() ? "" : pci_bus_id(device.index());
  free_unused_memory(device);
  reset_peak_memory(device);
  Conditions before;
  const auto samples = take_samples(run, limits, [&] { before = look(bus_id); });
  const auto after = look(bus_id);
  const double memory = peak_memory(device);
  for (std::size_t part = 0; part < kinds.size(); ++part)
    events.send(results::Measurement{
        .kind = kinds[part],
        .batch_size = batch_size,
        .dtype = model.dtype(),
        .layout = model.layout(),
        .image_size = shape.side,
        .protocol = timing_protocol,
        .seconds = samples.parts[part],
        .conditions = conditions_json(before, after, samples.warmup, {{"memory_bytes", memory}})});
  return memory;
}

SamplingLimits limits_of(const MeasurementSpec& spec) {
  return {spec.seconds, spec.warmup_seconds, spec.max_samples};
}

}  // namespace

Work count_work(Model& model, const InputShape& shape) {
  torch::InferenceMode inference;
  model.network().eval();
  const auto one = model.random_input(1, shape);
  return count_work([&] { model.network().forward(one); });
}

double time_inference(Model& model, const InputShape& shape, int batch_size,
                      const MeasurementSpec& spec, EventSink& events) {
  torch::InferenceMode inference;
  model.network().eval();
  const auto input = model.random_input(batch_size, shape);
  Stopwatch stopwatch(model.device());
  const auto run = [&]() -> std::vector<double> {
    stopwatch.lap();
    const auto logits = model.forward(input);
    return {stopwatch.lap()};
  };
  return measure({batch_size == 1 ? "latency" : "throughput"}, run, model, shape, batch_size,
                 limits_of(spec), events);
}

double time_training(Model& model, const InputShape& shape, int batch_size,
                     const MeasurementSpec& spec, const TrainingSpec& training, EventSink& events) {
  model.network().train();
  const auto input = model.random_input(batch_size, shape);
  torch::Tensor targets;
  {
    torch::NoGradGuard no_grad;
    const auto classes = model.forward(input).size(1);
    targets = torch::randint(classes, {batch_size},
                             torch::TensorOptions(model.device()).dtype(torch::kInt64));
  }
  Optimizer optimizer(model.network(), training);
  const Rates rates{training.learning_rate, training.momentum};
  Stopwatch stopwatch(model.device());
  const auto step = [&](const std::function<void()>& part_ends) {
    optimizer.zero_grad();
    stopwatch.lap();
    const auto logits = model.forward(input);
    part_ends();
    torch::nn::functional::cross_entropy(logits, targets).backward();
    part_ends();
    optimizer.step(rates);
  };
  const auto whole = [&]() -> std::vector<double> {
    step([] {});
    return {stopwatch.lap()};
  };
  const auto apart = [&] {
    std::vector<double> parts;
    step([&] { parts.push_back(stopwatch.lap()); });
    parts.push_back(stopwatch.lap());
    return parts;
  };
  auto limits = limits_of(spec);
  const double memory = measure({"train_step"}, whole, model, shape, batch_size, limits, events);
  limits.warmup_seconds = 0;  // it is warm
  measure({"train_forward", "train_backward", "train_optimizer"}, apart, model, shape, batch_size,
          limits, events);
  optimizer.zero_grad();
  return memory;
}

}  // namespace archsweep::runner
