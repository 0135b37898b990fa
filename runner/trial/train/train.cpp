#include "runner/trial/train/train.h"

#include <chrono>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>

#include "archs/catalog.h"
#include "archs/network.h"
#include "results/statistics.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/augment/batch.h"
#include "runner/trial/data/batches.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/device.h"
#include "runner/trial/failure.h"
#include "runner/trial/images.h"
#include "runner/trial/measure/lease.h"
#include "runner/trial/measure/timing.h"
#include "runner/trial/model.h"
#include "runner/trial/train/checkpoint.h"
#include "runner/trial/train/optimizer.h"
#include "runner/trial/train/schedule.h"
#include "runner/trial/train/start_weights.h"
#include "runner/trial/train/tally.h"
#include "runner/trial/train/trained.h"
#include "runner/trial/train/valid_logits.h"

namespace archsweep::runner {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Trial {
 public:
  Trial(const Job& job, EventSink& events)
      : job_(job), spec_(job.spec), events_(events), device_(open_device(job.device)) {}

  void run() {
    begin();
    {
      Optimizer optimizer(model_->network(), spec_.training);
      resume(optimizer);
      while (done() < spec_.training.epochs) {
        if (job_.until_epoch > 0 && done() >= job_.until_epoch)
          return events_.send(Paused{done(), checkpoint_bytes_});
        run_epoch(optimizer, done() + 1);
        save(optimizer);
      }
    }
    for (auto& parameter : model_->network().parameters()) parameter.mutable_grad().reset();
    keep_weights();
    keep_logits();
    summary_.train_memory_bytes = standing_.train_memory_bytes;
    summary_.micro_batch = standing_.micro_batch;
    if (spec_.measurement.enabled) measure();
    events_.send(summary_);
  }

  void preflight() {
    begin();
    Optimizer optimizer(model_->network(), spec_.training);
    model_->network().train();
    const Batch batch = random_batch(dataset_, spec_.dataset.image_size,
                                     static_cast<int>(std::min<std::int64_t>(
                                         spec_.training.batch_size, std::ssize(dataset_.train))),
                                     spec_.training.seed);
    Preflight result;
    result.train_step_seconds = median_of_a_few([&] {
      const auto [loss, logits] = learn(optimizer, batch, to_labels(batch));
      if (!logits.isfinite().all().item<bool>())
        throw Diverged("the logits of random images are not all numbers before the first step");
      optimizer.step(rates_at(spec_.training, 0));
    });
    result.train_memory_bytes = peak_memory(device_);
    result.checkpoint_bytes =
        checkpoint_bytes(training_state(model_->network(), optimizer, device_));
    model_->network().eval();
    torch::InferenceMode inference;
    const auto one = model_->laid_out(normalize_(to_pixels(batch).slice(0, 0, 1)));
    result.latency = median_of_a_few([&] { model_->forward(one); });
    result.macs = count_work([&] { model_->network().forward(one); }).macs;
    result.parameters = summary_.parameters;
    events_.send(result);
  }

  // fastai's sweep: from 1e-7 to 10 in a hundred steps; it ends early where the smoothed loss is
  // four times its best.
  void sweep_rates() {
    begin();
    Optimizer optimizer(model_->network(), spec_.training);
    model_->network().train();
    constexpr int steps = 100;
    constexpr double first = 1e-7, last = 10, keep = 0.98, diverged = 4;
    results::RateSweep sweep;
    double average = 0, best = std::numeric_limits<double>::infinity();
    Batch batch;
    for (int step = 0, epoch = 1; step < steps; ++epoch) {
      BatchLoader loader(dataset_, dataset_.train,
                         training_batches(spec_, dataset_, epoch, at::get_num_threads()));
      for (; step < steps && loader.next(batch); ++step) {
        step_aside();
        const double rate = first * std::pow(last / first, static_cast<double>(step) / steps);
        const auto [loss, logits] =
            take_step(optimizer, batch, to_labels(batch), {rate, spec_.training.momentum});
        average = keep * average + (1 - keep) * loss.item<double>();
        const double smooth = average / (1 - std::pow(keep, step + 1));
        if (!std::isfinite(smooth)) return events_.send(sweep);
        sweep.rates.push_back(rate);
        sweep.losses.push_back(smooth);
        best = std::min(best, smooth);
        if (smooth > diverged * best) return events_.send(sweep);
        events_.send(
            Progress{.phase = "lr-find", .step = step + 1, .steps = steps, .loss = smooth});
      }
    }
    events_.send(sweep);
  }

  Dataset open_data(bool check) {
    auto progress = [this, last = Clock::time_point{}](auto done, auto total) mutable {
      if (done < total && seconds_since(last) < progress_seconds) return;
      last = Clock::now();
      events_.send(Progress{
          .phase = "data", .step = static_cast<int>(done), .steps = static_cast<int>(total)});
    };
    return open_dataset(spec_.dataset, job_.cache_folder, progress,
                        {static_cast<std::uint64_t>(job_.cache_gib * (1 << 30)), check});
  }

 private:
  static constexpr double progress_seconds = 0.5;

  void begin() {
    lease_.emplace(lease_name(device_), [this](bool waits) {
      events_.send(Progress{.phase = waits ? "wait" : "start"});
    });
    lease_->share();
    dataset_ = open_data(/*check=*/false);
    const auto& t = spec_.training;
    standing_ = {
        .spec = spec_,
        .worker = ARCHSWEEP_VERSION,
        .device = device_.is_cpu() ? "cpu" : "cuda",
        .split_hash = dataset_.split_hash,
        .micro_batch = t.micro_batch ? std::min(t.micro_batch, t.batch_size) : t.batch_size,
        .epochs = {}};
    // The seed decides the initial weights, dropout and drop path; the loader has it too.
    torch::manual_seed(t.seed);
    reset_peak_memory(device_);
    build();
  }

  int done() const { return static_cast<int>(standing_.epochs.size()); }

  // Goes on where the checkpoint ends, if there is one that fits. One that does not changes
  // nothing: the training is then the same as without it.
  void resume(const Optimizer& optimizer) {
    std::error_code error;
    if (job_.checkpoint.empty() || !std::filesystem::exists(job_.checkpoint, error)) return;
    try {
      auto [saved, state] = read_checkpoint(job_.checkpoint);
      if (const auto why = obstacle(saved, standing_); !why.empty())
        throw Error(job_.checkpoint + ": " + why);
      restore(state, job_.checkpoint, model_->network(), optimizer, device_);
      saved.spec = spec_;
      standing_ = std::move(saved);
      checkpoint_bytes_ = static_cast<double>(std::filesystem::file_size(job_.checkpoint, error));
    } catch (const Error& e) {
      return fmt::print(stderr, "{}; training starts anew\n", e.what());
    }
    fmt::print(stderr, "{}: going on after epoch {}\n", job_.checkpoint, done());
    reset_peak_memory(device_);  // what reading it took is not training's
    // To this attempt they are new.
    for (const auto& epoch : standing_.epochs) events_.send(epoch);
  }

  // Without a checkpoint the training is as good: only a pause or a kill would cost epochs.
  void save(const Optimizer& optimizer) {
    standing_.train_memory_bytes = std::fmax(standing_.train_memory_bytes, peak_memory(device_));
    if (job_.checkpoint.empty()) return;
    try {
      checkpoint_bytes_ = write_checkpoint(job_.checkpoint, standing_,
                                           training_state(model_->network(), optimizer, device_));
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
      write_trained(job_.weights, {spec_, standing_.split_hash, dataset_.class_names,
                                   archs::state_dict(model_->network())});
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}; the trained weights are not kept\n", first_line(e.what()));
    }
  }

  // Likewise. A checkpoint of the last epoch does not have them: then they are worked out again.
  void keep_logits() {
    if (job_.logits.empty()) return;
    try {
      auto last = standing_.epochs.back();
      if (logits_.empty()) validate(last);
      logits_.write(job_.logits, dataset_);
    } catch (const std::exception& e) {
      fmt::print(stderr, "{}; its validation logits are not kept\n", first_line(e.what()));
    }
  }

  // Median seconds of calls after one that warms up: a few, or fewer if they are slow. Each is told
  // of: a large network takes long, and who is silent is taken for hung.
  template <typename Call>
  double median_of_a_few(Call call) {
    int calls = 0;
    const auto tell = [&] { events_.send(Progress{.phase = "preflight", .step = ++calls}); };
    tell();
    call();
    std::vector<double> seconds;
    const auto start = Clock::now();
    while (seconds.size() < 5 && (seconds.empty() || seconds_since(start) < 0.5)) {
      synchronize(device_);
      const auto before = Clock::now();
      call();
      synchronize(device_);
      seconds.push_back(seconds_since(before));
      tell();
    }
    return results::median(seconds);
  }

  void build() {
    const auto& entry = archs::get(spec_.architecture);
    const int classes = dataset_.classes;
    auto network =
        archs::build(spec_.architecture, {.num_classes = classes,
                                          .in_chans = dataset_.channels,
                                          .image_size = spec_.dataset.image_size,
                                          .drop_rate = spec_.training.drop_rate,
                                          .drop_path_rate = spec_.training.drop_path_rate});
    load_start_weights(*network, spec_.architecture, spec_.training.weights, events_);
    model_.emplace(std::move(network), spec_.training, device_);
    normalize_ = Normalize(entry.preprocessing, dataset_.channels, device_);
    augmenter_ = BatchAugmenter(spec_.augmentation, spec_.training.seed, classes, normalize_.mean(),
                                normalize_.deviation());
    summary_.dtype = model_->dtype();
    summary_.layout = model_->layout();
    summary_.split_hash = dataset_.split_hash;
    summary_.classes = classes;
    summary_.train_samples = static_cast<int>(dataset_.train.size());
    summary_.valid_samples = static_cast<int>(dataset_.valid.size());
    summary_.parameters = archs::count_parameters(model_->network());
  }

  torch::Tensor to_pixels(const Batch& batch) const {
    return to_device(batch.pixels, batch.count, spec_.dataset.image_size, dataset_.channels,
                     device_);
  }

  torch::Tensor forward(const torch::Tensor& pixels) {
    return model_->forward(model_->laid_out(normalize_(pixels)));
  }

  torch::Tensor to_labels(const Batch& batch) const {
    return torch::tensor(at::ArrayRef<std::int64_t>(batch.labels.data(),
                                                    static_cast<std::size_t>(batch.count)))
        .to(device_);
  }

  // Before a step: whoever wants to time goes first. Returns the seconds that it took.
  double step_aside() {
    if (!lease_->is_wanted()) return 0;
    synchronize(device_);
    const auto start = Clock::now();
    lease_->share();
    return seconds_since(start);
  }

  // Gradients of a batch, summed over parts of at most micro_batch images, which weigh by their
  // share: up to rounding those of the whole, but for batch norm. Loss and logits of the batch.
  std::pair<torch::Tensor, torch::Tensor> backward(const Batch& batch,
                                                   const torch::Tensor& labels) {
    const auto whole = augmenter_({to_pixels(batch), labels}, batch.epoch, batch.first);
    const int n = batch.count, parts = (n + standing_.micro_batch - 1) / standing_.micro_batch;
    std::vector<torch::Tensor> losses, logits;
    for (int part = 0; part < parts; ++part) {
      const int begin = n * part / parts, end = n * (part + 1) / parts;
      const auto of_part = forward(whole.images.slice(0, begin, end));
      const auto loss = torch::nn::functional::cross_entropy(
                            of_part, whole.targets.slice(0, begin, end),
                            torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(
                                spec_.training.label_smoothing)) *
                        (static_cast<double>(end - begin) / n);
      loss.backward();
      losses.push_back(loss.detach());
      logits.push_back(of_part.detach());
    }
    return {torch::stack(losses).sum(), torch::cat(logits)};
  }

  // The same; where the memory is too small for it, again in parts of half the size. (Batch norm's
  // running statistics may then have seen a part of this batch twice.)
  std::pair<torch::Tensor, torch::Tensor> learn(Optimizer& optimizer, const Batch& batch,
                                                const torch::Tensor& labels) {
    for (;;) {
      optimizer.zero_grad();
      try {
        return backward(batch, labels);
      } catch (const std::exception& e) {
        if (!is_out_of_memory(e) || spec_.training.micro_batch > 0 || standing_.micro_batch == 1)
          throw;
      }
      // Only now is everything free that the failed pass held.
      optimizer.zero_grad();
      free_unused_memory(device_);
      standing_.micro_batch = (standing_.micro_batch + 1) / 2;
      fmt::print(
          stderr,
          "out of memory: batches of {} in parts of {} images from now on; batch norm, where "
          "there is one, sees a part at a time\n",
          spec_.training.batch_size, standing_.micro_batch);
    }
  }

  // One step of training. Loss and logits of the batch before it.
  std::pair<torch::Tensor, torch::Tensor> take_step(Optimizer& optimizer, const Batch& batch,
                                                    const torch::Tensor& labels,
                                                    const Rates& rates) {
    auto told = learn(optimizer, batch, labels);
    if (spec_.training.clip_grad_norm > 0) optimizer.clip_grad_norm(spec_.training.clip_grad_norm);
    optimizer.step(rates);
    return told;
  }

  void run_epoch(Optimizer& optimizer, int epoch) {
    results::Epoch result{.number = epoch};
    BatchLoader loader(dataset_, dataset_.train,
                       training_batches(spec_, dataset_, epoch, at::get_num_threads()));
    const auto steps = static_cast<int>(loader.batches());
    const double all_steps = static_cast<double>(steps) * spec_.training.epochs;
    Tally tally(device_);
    Rates rates{};
    Batch batch;
    model_->network().train();
    const auto start = Clock::now();
    auto reported = start;
    double aside = 0;
    const auto seconds = [&] { return seconds_since(start) - aside; };
    for (int step = 0; loader.next(batch); ++step) {
      aside += step_aside();
      rates = rates_at(spec_.training, ((epoch - 1) * steps + step) / all_steps);
      const auto labels = to_labels(batch);
      const auto [loss, logits] = take_step(optimizer, batch, labels, rates);
      tally.add(loss, logits, labels);
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
    result.train_loss = tally.mean(tally.loss);
    result.train_top1 = tally.mean(tally.top1);
    check_loss(result.train_loss, epoch, steps);
    validate(result);
    events_.send(result);
    standing_.epochs.push_back(result);
  }

  // NaN, infinity, or a loss far above that of guessing: nothing good comes after it.
  void check_loss(double loss, int epoch, int step) const {
    const double limit = 20 * std::max(1.0, std::log(static_cast<double>(dataset_.classes)));
    if (!std::isfinite(loss) || loss > limit)
      throw Diverged(fmt::format("loss {:.4g} at step {} of epoch {} (learning rate {:.3g})", loss,
                                 step, epoch, spec_.training.learning_rate));
  }

  void validate(results::Epoch& result) {
    torch::InferenceMode inference;
    model_->network().eval();
    BatchLoader loader(dataset_, dataset_.valid,
                       {.image_size = spec_.dataset.image_size,
                        // Where training has room for so many images, validation has.
                        .batch_size = standing_.micro_batch,
                        .threads = at::get_num_threads()});
    Tally tally(device_);
    Batch batch;
    const auto start = Clock::now();
    auto reported = start;
    double aside = 0;
    for (int step = 1; loader.next(batch); ++step) {
      aside += step_aside();
      if (seconds_since(reported) >= progress_seconds) {
        reported = Clock::now();
        events_.send(Progress{.phase = "validate",
                              .epoch = result.number,
                              .epochs = spec_.training.epochs,
                              .step = step,
                              .steps = static_cast<int>(loader.batches())});
      }
      const auto labels = to_labels(batch);
      const auto logits = forward(to_pixels(batch));
      tally.add(torch::nn::functional::cross_entropy(logits, labels), logits, labels);
      if (!job_.logits.empty() && result.number == spec_.training.epochs)
        logits_.add(batch, logits);
    }
    result.valid_loss = tally.mean(tally.loss);
    result.valid_top1 = tally.mean(tally.top1);
    result.valid_top5 = tally.mean(tally.top5);
    result.valid_seconds = seconds_since(start) - aside;
  }

  // On the trained weights, with the numbers and the layout that training used, and nobody else on
  // the device.
  void measure() {
    lease_->alone();
    const InputShape shape{.channels = dataset_.channels, .side = spec_.dataset.image_size};
    const auto work = count_work(*model_, shape);
    summary_.macs = work.macs;
    summary_.activations = work.activations;
    for (const int batch_size : spec_.measurement.batch_sizes) {
      events_.send(Progress{.phase = "measure",
                            .epoch = spec_.training.epochs,
                            .epochs = spec_.training.epochs,
                            .step = batch_size});
      // fmax: the first time it is NaN
      summary_.inference_memory_bytes =
          std::fmax(summary_.inference_memory_bytes,
                    time_inference(*model_, shape, batch_size, spec_.measurement, events_));
    }
  }

  const Job& job_;
  const TrialSpec& spec_;
  EventSink& events_;
  torch::Device device_;
  Dataset dataset_;
  std::optional<Lease> lease_;
  std::optional<Model> model_;
  Normalize normalize_;
  BatchAugmenter augmenter_;
  Standing standing_;
  ValidLogits logits_;           // of the last epoch
  double checkpoint_bytes_ = 0;  // of the last that was written or read
  results::Summary summary_;
};

}  // namespace

void prepare(const Job& job, EventSink& events) {
  const auto dataset = Trial(job, events).open_data(/*check=*/true);
  events.send(Prepared{.split_hash = dataset.split_hash,
                       .train_samples = static_cast<int>(dataset.train.size()),
                       .valid_samples = static_cast<int>(dataset.valid.size()),
                       .classes = dataset.classes,
                       .bad_files = dataset.bad_files,
                       .duplicates = shared_images(dataset),
                       .cache_file = dataset.cache_file.string()});
}

void train(const Job& job, EventSink& events) {
  Trial(job, events).run();
}

void preflight(const Job& job, EventSink& events) {
  Trial(job, events).preflight();
}

void sweep_rates(const Job& job, EventSink& events) {
  Trial(job, events).sweep_rates();
}

}  // namespace archsweep::runner
