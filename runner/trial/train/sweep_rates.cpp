#include <cmath>
#include <limits>

#include "runner/trial/train/choose_precision.h"
#include "runner/trial/train/learner.h"
#include "runner/trial/train/parameter_groups.h"
#include "runner/trial/train/train.h"

namespace archsweep::runner {

// fastai's sweep: from 1e-7 to 10 in a hundred steps; it ends early where the smoothed loss is four
// times its best.
void sweep_rates(const Job& job, EventSink& events) {
  Learner learner(job, events);
  settle_precision(learner, job, events);
  auto optimizer = learner.optimizer();
  auto& network = learner.model().network();
  network.train();
  // As the training will begin.
  if (job.spec.training.freeze_epochs > 0) set_body_learns(network, false);
  constexpr int steps = 100;
  constexpr double first = 1e-7, last = 10, keep = 0.98, diverged = 4;
  results::RateSweep sweep;
  double average = 0, best = std::numeric_limits<double>::infinity();
  Batch batch;
  for (int step = 0, epoch = 1; step < steps; ++epoch) {
    auto loader = learner.training_loader(epoch);
    for (; step < steps && loader.next(batch); ++step) {
      learner.step_aside();
      const double rate = first * std::pow(last / first, static_cast<double>(step) / steps);
      const auto learned = learner.take_step(optimizer, batch, learner.to_labels(batch),
                                             {rate, job.spec.training.momentum});
      average = keep * average + (1 - keep) * learned.loss.item<double>();
      const double smooth = average / (1 - std::pow(keep, step + 1));
      if (!std::isfinite(smooth)) return events.send(sweep);
      sweep.rates.push_back(rate);
      sweep.losses.push_back(smooth);
      best = std::min(best, smooth);
      if (smooth > diverged * best) return events.send(sweep);
      events.send(Progress{.phase = "lr-find", .step = step + 1, .steps = steps, .loss = smooth});
    }
  }
  events.send(sweep);
}

}  // namespace archsweep::runner
