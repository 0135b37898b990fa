#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "runner/trial/failure.h"
#include "runner/trial/train/choose_precision.h"
#include "runner/trial/train/learner.h"
#include "runner/trial/train/parameter_groups.h"
#include "runner/trial/train/train.h"

namespace archsweep::runner {

constexpr int steps = 100;

static double rate_at(int step) {
  constexpr double first = 1e-7, last = 10;
  return first * std::pow(last / first, static_cast<double>(step) / steps);
}

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
  constexpr double keep = 0.98, diverged = 4;
  results::RateSweep sweep;
  double average = 0, best = std::numeric_limits<double>::infinity();
  Batch batch;
  for (int step = 0, epoch = 1; step < steps; ++epoch) {
    auto loader = learner.training_loader(epoch);
    for (; step < steps && loader.next(batch); ++step) {
      learner.step_aside();
      const double rate = rate_at(step);
      const auto learned = learner.take_step(optimizer, batch, learner.to_targets(batch),
                                             {rate, job.spec.training.momentum});
      const auto loss = learned.loss.item<double>();
      if (step == 0 && !std::isfinite(loss))
        throw Diverged(fmt::format("loss {:.4g} at the first step", loss));
      average = keep * average + (1 - keep) * loss;
      const double smooth = average / (1 - std::pow(keep, step + 1));
      sweep.rates.push_back(rate);
      sweep.losses.push_back(smooth);
      best = std::min(best, smooth);
      if (smooth > diverged * best) return events.send(sweep);
      // fastai goes on, and no later loss is a number either.
      if (std::isnan(smooth)) {
        while (++step < steps) sweep.rates.push_back(rate_at(step));
        sweep.losses.resize(sweep.rates.size(), smooth);
        return events.send(sweep);
      }
      events.send(Progress{.phase = "lr-find", .step = step + 1, .steps = steps, .loss = smooth});
    }
  }
  events.send(sweep);
}

}  // namespace archsweep::runner
