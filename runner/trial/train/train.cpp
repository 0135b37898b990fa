#include "runner/trial/train/train.h"

#include <cmath>

#include <fmt/format.h>

#include "archs/network.h"
#include "runner/support/clock.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/device.h"
#include "runner/trial/failure.h"
#include "runner/trial/measure/timing.h"
#include "runner/trial/train/auc.h"
#include "runner/trial/train/best_epoch.h"
#include "runner/trial/train/checkpoint.h"
#include "runner/trial/train/choose_precision.h"
#include "runner/trial/train/curve.h"
#include "runner/trial/train/learner.h"
#include "runner/trial/train/parameter_groups.h"
#include "runner/trial/train/tally.h"
#include "runner/trial/train/trained.h"
#include "runner/trial/train/tta.h"
#include "runner/trial/train/valid_logits.h"

namespace archsweep::runner {
namespace {

class Trial {
 public:
  Trial(const Job& job, EventSink& events)
      : job_(job),
        spec_(job.spec),
        events_(events),
        learner_(job, events),
        network_(learner_.model().network()),
        device_(learner_.device()),
        standing_{.spec = spec_,
                  .worker = ARCHSWEEP_VERSION,
                  .device = device_.is_cpu() ? "cpu" : "cuda",
                  .split_hash = learner_.dataset().split_hash,
                  .class_names = learner_.dataset().class_names,
                  .columns = learner_.dataset().columns,
                  .micro_batch = learner_.micro_batch(),
                  .epochs = {}} {}

  void run() {
    {
      auto optimizer = learner_.optimizer();
      BestWeights best(network_, spec_.training);
      const Moving moving{network_, optimizer, learner_.scaler(), best, device_};
      if (!resume(moving)) settle_precision(learner_, job_, events_);
      standing_.precision = learner_.model().dtype();
      while (!has_ended(spec_.training, standing_.epochs)) {
        if (job_.until_epoch > 0 && done() >= job_.until_epoch)
          return events_.send(Paused{done(), checkpoint_bytes_});
        const int frozen = spec_.training.freeze_epochs;
        if (frozen > 0) set_body_learns(network_, done() >= frozen);
        // fastai forgets the gradients of the frozen network.
        if (frozen > 0 && done() == frozen) optimizer.forget();
        run_epoch(optimizer, best);
        save(moving);
      }
      if (done() < spec_.training.epochs)
        fmt::print(stderr, "ended after epoch {}: none was better than epoch {} since\n", done(),
                   best_epoch(standing_.epochs));
      optimizer.average().swap();  // what was validated is what is kept and measured
      if (best.is_on()) {
        best.restore();
        if (best_epoch(standing_.epochs) < done()) logits_ = {};  // they are of the last epoch
      }
    }
    for (auto& parameter : network_.parameters()) parameter.mutable_grad().reset();
    keep_weights();
    auto summary = learner_.summary();
    keep_logits();
    summary.train_memory_bytes = standing_.train_memory_bytes;
    summary.micro_batch = learner_.micro_batch();
    if (spec_.training.result == "best") summary.result_epoch = best_epoch(standing_.epochs);
    if (spec_.measurement.tta > 0) test_with_views(learner_, spec_, events_, summary);
    if (spec_.measurement.enabled) measure(summary);
    events_.send(summary);
  }

 private:
  // Of classes alone: one a class.
  bool keeps_logits() const {
    return !job_.logits.empty() && learner_.objective().outputs() == learner_.dataset().classes;
  }

  int done() const { return static_cast<int>(standing_.epochs.size()); }

  // Goes on where the checkpoint ends, if there is one that fits. One that does not changes
  // nothing: the training is then the same as without it.
  bool resume(const Moving& moving) {
    std::error_code error;
    if (job_.checkpoint.empty() || !std::filesystem::exists(job_.checkpoint, error)) return false;
    try {
      auto [saved, state] = read_checkpoint(job_.checkpoint);
      if (const auto why = obstacle(saved, standing_); !why.empty())
        throw Error(job_.checkpoint + ": " + why);
      learner_.use_precision(saved.precision);
      restore(state, job_.checkpoint, moving);
      saved.spec = spec_;
      standing_ = std::move(saved);
      learner_.set_micro_batch(standing_.micro_batch);
      checkpoint_bytes_ = static_cast<double>(std::filesystem::file_size(job_.checkpoint, error));
    } catch (const Error& e) {
      fmt::print(stderr, "{}; training starts anew\n", e.what());
      return false;
    }
    fmt::print(stderr, "{}: going on after epoch {}\n", job_.checkpoint, done());
    free_unused_memory(device_);  // what reading it took is not training's
    reset_peak_memory(device_);
    // To this attempt they are new.
    for (const auto& epoch : standing_.epochs) events_.send(epoch);
    return true;
  }

  // Without a checkpoint the training is as good: only a pause or a kill would cost epochs.
  void save(const Moving& moving) {
    standing_.micro_batch = learner_.micro_batch();
    standing_.train_memory_bytes = std::fmax(standing_.train_memory_bytes, peak_memory(device_));
    if (job_.checkpoint.empty()) return;
    try {
      checkpoint_bytes_ = write_checkpoint(job_.checkpoint, standing_, training_state(moving));
    } catch (const std::exception& e) {
      checkpoint_bytes_ = 0;
      fmt::print(stderr, "{}; training goes on without a checkpoint of epoch {}\n",
                 first_line(e.what()), done());
    }
    reset_peak_memory(device_);  // nor what writing it took
  }

  // The trial is as good without: it can be trained again.
  void keep_weights() {
    if (job_.weights.empty()) return;
    try {
      write_trained(job_.weights, {spec_, standing_.split_hash, standing_.precision,
                                   learner_.dataset().class_names, archs::state_dict(network_),
                                   learner_.dataset().columns});
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}; the trained weights are not kept\n", first_line(e.what()));
    }
  }

  // Likewise. A checkpoint of the last epoch does not have them: then they are worked out again.
  void keep_logits() {
    if (!keeps_logits()) return;
    try {
      auto last = standing_.epochs.back();
      if (logits_.empty()) validate(last, /*keeps_logits=*/true);
      logits_.write(job_.logits, learner_.dataset());
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}; its validation logits are not kept\n", first_line(e.what()));
    }
  }

  void run_epoch(Optimizer& optimizer, BestWeights& best) {
    const int epoch = done() + 1;
    results::Epoch result{.number = epoch};
    auto loader = learner_.training_loader(epoch);
    const auto steps = static_cast<int>(loader.batches());
    const double all_steps = static_cast<double>(steps) * spec_.training.epochs;
    Tally tally(learner_.objective(), device_);
    Rates rates{};
    Batch batch;
    network_.train();
    const auto start = Clock::now();
    auto reported = start;
    double aside = 0;
    const auto seconds = [&] { return seconds_since(start) - aside; };
    for (int step = 0; loader.next(batch); ++step) {
      aside += learner_.step_aside();
      rates = rates_at(spec_.training, ((epoch - 1) * steps + step) / all_steps);
      const auto targets = learner_.to_targets(batch);
      const auto [loss, weight, logits] = learner_.take_step(optimizer, batch, targets, rates);
      tally.add(loss, weight, logits, targets);
      if (seconds_since(reported) >= progress_seconds || step + 1 == steps) {
        reported = Clock::now();
        const double now = loss.item<double>();
        check_loss(now, epoch, step + 1);
        events_.send(
            Progress{.phase = "train",
                     .epoch = epoch,
                     .epochs = spec_.training.epochs,
                     .step = step + 1,
                     .steps = steps,
                     .loss = now,
                     .samples_per_second = static_cast<double>(tally.samples) / seconds()});
      }
    }
    synchronize(device_);
    result.seconds = seconds();
    result.samples_per_second = static_cast<double>(tally.samples) / result.seconds;
    result.data_wait_share = loader.seconds_waited() / result.seconds;
    result.learning_rate = rates.learning_rate;
    result.train_loss = tally.mean_loss();
    result.train_top1 = tally.share(tally.top1);
    check_loss(result.train_loss, epoch, steps);
    auto plain = result;
    if (optimizer.average().is_on()) validate(plain, false);
    optimizer.average().swap();
    const auto& t = spec_.training;
    validate(result, keeps_logits() && (epoch == t.epochs || t.patience > 0));
    if (optimizer.average().is_on()) {
      result.plain_top1 = plain.valid_top1;
      result.valid_seconds += plain.valid_seconds;
    }
    if (!std::isfinite(result.valid_loss))
      throw Diverged(fmt::format("validation loss {:.4g} after epoch {} (learning rate {:.3g})",
                                 result.valid_loss, epoch, t.learning_rate));
    if (spec_.dataset.kind == "function") add_curve(result, learner_);
    events_.send(result);
    standing_.epochs.push_back(result);
    if (best_epoch(standing_.epochs) == epoch) best.keep();
    optimizer.average().swap();
  }

  // NaN, infinity, or a loss far above that of guessing: nothing good comes after it.
  void check_loss(double loss, int epoch, int step) const {
    if (!std::isfinite(loss) || loss > learner_.objective().largest_loss())
      throw Diverged(fmt::format("loss {:.4g} at step {} of epoch {} (learning rate {:.3g})", loss,
                                 step, epoch, spec_.training.learning_rate));
  }

  void validate(results::Epoch& result, bool keeps_logits) {
    torch::InferenceMode inference;
    network_.eval();
    auto loader = learner_.validation_loader();
    Tally tally(learner_.objective(), device_);
    const bool is_auc_told = learner_.objective().classes() == 2;
    std::vector<torch::Tensor> scores, labels;
    logits_ = {};
    Batch batch;
    const auto start = Clock::now();
    auto reported = start;
    double aside = 0;
    for (int step = 1; loader.next(batch); ++step) {
      aside += learner_.step_aside();
      if (seconds_since(reported) >= progress_seconds) {
        reported = Clock::now();
        events_.send(Progress{.phase = "validate",
                              .epoch = result.number,
                              .epochs = spec_.training.epochs,
                              .step = step,
                              .steps = static_cast<int>(loader.batches())});
      }
      const auto targets = learner_.to_targets(batch);
      const auto logits = learner_.forward(learner_.to_samples(batch));
      tally.add(learner_.objective().loss(logits, targets), batch.count, logits, targets);
      if (is_auc_told) {
        scores.push_back(learner_.objective().scores(logits));
        labels.push_back(targets);
      }
      if (keeps_logits) logits_.add(batch, logits);
    }
    result.valid_loss = tally.mean_loss();
    result.valid_top1 = tally.share(tally.top1);
    result.valid_top5 = tally.share(tally.top5);
    if (is_auc_told) result.valid_auc = area_under_curve(torch::cat(scores), torch::cat(labels));
    result.valid_seconds = seconds_since(start) - aside;
  }

  // On the trained weights, with the numbers and the layout that training used, and nobody else on
  // the device.
  void measure(results::Summary& summary) {
    learner_.lease().alone();
    const auto shape = learner_.dataset().shape(spec_.dataset.image_size);
    const auto work = count_work(learner_.model(), shape);
    summary.macs = work.macs;
    summary.activations = work.activations;
    for (const int batch_size : spec_.measurement.batch_sizes) {
      events_.send(Progress{.phase = "measure",
                            .epoch = spec_.training.epochs,
                            .epochs = spec_.training.epochs,
                            .step = batch_size});
      // fmax: the first time it is NaN
      summary.inference_memory_bytes = std::fmax(
          summary.inference_memory_bytes,
          time_inference(learner_.model(), shape, batch_size, spec_.measurement, events_));
    }
  }

  const Job& job_;
  const TrialSpec& spec_;
  EventSink& events_;
  Learner learner_;
  archs::Network& network_;
  const torch::Device device_;
  Standing standing_;
  ValidLogits logits_;           // of the last validation, where it keeps them
  double checkpoint_bytes_ = 0;  // of the last that was written or read
};

}  // namespace

void train(const Job& job, EventSink& events) {
  Trial(job, events).run();
}

}  // namespace archsweep::runner
