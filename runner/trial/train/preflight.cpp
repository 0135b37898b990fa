#include "results/statistics.h"
#include "runner/support/clock.h"
#include "runner/trial/device.h"
#include "runner/trial/failure.h"
#include "runner/trial/measure/timing.h"
#include "runner/trial/train/checkpoint.h"
#include "runner/trial/train/choose_precision.h"
#include "runner/trial/train/learner.h"
#include "runner/trial/train/train.h"

namespace archsweep::runner {

// Median seconds of calls after one that warms up: a few, or fewer if they are slow. Each is told
// of: a large network takes long, and who is silent is taken for hung.
template <typename Call>
static double median_of_a_few(const torch::Device& device, EventSink& events, Call call) {
  int calls = 0;
  const auto tell = [&] { events.send(Progress{.phase = "preflight", .step = ++calls}); };
  tell();
  call();
  std::vector<double> seconds;
  const auto start = Clock::now();
  while (seconds.size() < 5 && (seconds.empty() || seconds_since(start) < 0.5)) {
    synchronize(device);
    const auto before = Clock::now();
    call();
    synchronize(device);
    seconds.push_back(seconds_since(before));
    tell();
  }
  return results::median(seconds);
}

void preflight(const Job& job, EventSink& events) {
  const auto& training = job.spec.training;
  Learner learner(job, events);
  settle_precision(learner, job, events);
  auto& model = learner.model();
  auto& network = model.network();
  const auto& device = learner.device();
  auto optimizer = learner.optimizer();
  const BestWeights best(network, training);  // takes memory
  network.train();
  const auto& dataset = learner.dataset();
  const Batch batch = random_batch(
      dataset, job.spec.dataset.image_size,
      static_cast<int>(std::min<std::int64_t>(training.batch_size, std::ssize(dataset.train))),
      training.seed);
  Preflight result;
  result.train_step_seconds = median_of_a_few(device, events, [&] {
    const auto learned = learner.learn(optimizer, batch, learner.to_targets(batch));
    if (!learned.logits.isfinite().all().item<bool>())
      throw Diverged("the logits of random samples are not all numbers before the first step");
    learner.step(optimizer, rates_at(training, 0));
  });
  result.train_memory_bytes = peak_memory(device);
  result.checkpoint_bytes =
      checkpoint_bytes(training_state({network, optimizer, learner.scaler(), best, device}));
  network.eval();
  torch::InferenceMode inference;
  const auto one = learner.to_input(learner.to_samples(batch).slice(0, 0, 1));
  result.latency = median_of_a_few(device, events, [&] { model.forward(one); });
  result.macs = count_work([&] { network.forward(one); }).macs;
  result.parameters = archs::count_parameters(network);
  events.send(result);
}

}  // namespace archsweep::runner
