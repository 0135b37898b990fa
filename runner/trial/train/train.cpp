#include "runner/trial/train/train.h"

#include <chrono>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "archs/catalog.h"
#include "archs/network.h"
#include "archs/weights/hub.h"
#include "archs/weights/load.h"
#include "runner/support/error.h"
#include "runner/trial/data/batches.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/device.h"
#include "runner/trial/failure.h"
#include "runner/trial/images.h"
#include "runner/trial/measure/lease.h"
#include "runner/trial/measure/macs.h"
#include "runner/trial/measure/timing.h"
#include "runner/trial/model.h"
#include "runner/trial/train/optimizer.h"
#include "runner/trial/train/schedule.h"

namespace archsweep::runner {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// What a loop over batches adds up, on the device: reading it there would wait for each step.
struct Tally {
  torch::Tensor loss, top1, top5;
  std::int64_t samples = 0;

  explicit Tally(const torch::Device& device)
      : loss(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kFloat64))),
        top1(torch::zeros({}, torch::TensorOptions(device).dtype(torch::kInt64))),
        top5(top1.clone()) {}

  void add(const torch::Tensor& batch_loss, const torch::Tensor& logits,
           const torch::Tensor& labels) {
    torch::NoGradGuard no_grad;
    const auto n = labels.size(0);
    loss += batch_loss.detach().to(torch::kFloat64) * n;
    const auto best =
        std::get<1>(logits.detach().topk(std::min<std::int64_t>(5, logits.size(1)), 1));
    const auto right = best.eq(labels.unsqueeze(1));
    top1 += right.select(1, 0).sum();
    top5 += right.sum();
    samples += n;
  }
  double mean(const torch::Tensor& sum) const {
    return samples ? sum.to(torch::kFloat64).item<double>() / static_cast<double>(samples)
                   : results::not_measured;
  }
};

class Trial {
 public:
  Trial(const Job& job, EventSink& events)
      : job_(job), spec_(job.spec), events_(events), device_(open_device(job.device)) {}

  void run() {
    lease_.emplace(lease_name(device_), [this] { events_.send(Progress{.phase = "wait"}); });
    lease_->share();
    dataset_ = open_dataset(spec_.dataset, job_.cache_folder, data_progress());
    // The seed decides the initial weights, dropout and drop path; the loader has it too.
    torch::manual_seed(spec_.training.seed);
    reset_peak_memory(device_);
    build();
    {
      Optimizer optimizer(model_->network(), spec_.training);
      for (int epoch = 1; epoch <= spec_.training.epochs; ++epoch) run_epoch(optimizer, epoch);
    }
    for (auto& parameter : model_->network().parameters()) parameter.mutable_grad().reset();
    summary_.train_memory_bytes = peak_memory(device_);
    if (spec_.measurement.enabled) measure();
    events_.send(summary_);
  }

  DataProgress data_progress() {
    return [this, last = Clock::time_point{}](std::size_t done, std::size_t total) mutable {
      if (done < total && seconds_since(last) < progress_seconds) return;
      last = Clock::now();
      events_.send(Progress{
          .phase = "data", .step = static_cast<int>(done), .steps = static_cast<int>(total)});
    };
  }

  const Dataset& dataset() const { return dataset_; }

 private:
  static constexpr double progress_seconds = 0.5;

  void build() {
    const auto& entry = archs::get(spec_.architecture);
    const int classes = dataset_.classes;
    auto network =
        archs::build(spec_.architecture, {.num_classes = classes,
                                          .in_chans = dataset_.channels,
                                          .image_size = spec_.dataset.image_size,
                                          .drop_rate = spec_.training.drop_rate,
                                          .drop_path_rate = spec_.training.drop_path_rate});
    load_weights(*network);
    model_.emplace(std::move(network), spec_.training, device_);
    normalize_ = Normalize(entry.preprocessing, dataset_.channels, device_);
    summary_.dtype = model_->dtype();
    summary_.layout = model_->layout();
    summary_.split_hash = dataset_.split_hash;
    summary_.classes = classes;
    summary_.train_samples = static_cast<int>(dataset_.train.size());
    summary_.valid_samples = static_cast<int>(dataset_.valid.size());
    summary_.parameters = archs::count_parameters(model_->network());
  }

  // A classifier of other classes is left as it is; what is adapted goes to the log.
  void load_weights(archs::Network& network) {
    const auto& from = spec_.training.weights;
    if (from == "none") return;
    std::filesystem::path file = from;
    if (from == "pretrained") {
      const auto& weights = archs::find_pretrained(spec_.architecture);
      file = archs::weights_file(archs::hub_from_environment(), weights,
                                 archs::show_download(weights.name(), stderr));
    }
    for (const auto& note : archs::load_weights(network, file, {.other_classes = true}))
      fmt::print(stderr, "{}\n", note);
  }

  BatchOptions batch_options(bool training, int epoch) const {
    return {.augmentation = training ? spec_.augmentation : std::vector<AugmentStep>{},
            .image_size = spec_.dataset.image_size,
            .batch_size = spec_.training.batch_size,
            .seed = spec_.training.seed,
            .epoch = epoch,
            .shuffle = training,
            // A last batch of one sample would have no variance to normalise by.
            .drop_last = training && dataset_.train.size() >=
                                         static_cast<std::size_t>(spec_.training.batch_size),
            .threads = std::max(1, at::get_num_threads())};
  }

  torch::Tensor to_images(const Batch& batch) const {
    return model_->laid_out(normalize_(batch.pixels, batch.count, spec_.dataset.image_size));
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

  void run_epoch(Optimizer& optimizer, int epoch) {
    results::Epoch result{.number = epoch};
    BatchLoader loader(dataset_, dataset_.train, batch_options(true, epoch));
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
      const auto logits = model_->forward(to_images(batch));
      const auto loss = torch::nn::functional::cross_entropy(
          logits, labels,
          torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(
              spec_.training.label_smoothing));
      optimizer.zero_grad();
      loss.backward();
      if (spec_.training.clip_grad_norm > 0)
        optimizer.clip_grad_norm(spec_.training.clip_grad_norm);
      optimizer.step(rates);
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
    BatchLoader loader(dataset_, dataset_.valid, batch_options(false, result.number));
    Tally tally(device_);
    Batch batch;
    const auto start = Clock::now();
    double aside = 0;
    while (loader.next(batch)) {
      aside += step_aside();
      const auto labels = to_labels(batch);
      const auto logits = model_->forward(to_images(batch));
      tally.add(torch::nn::functional::cross_entropy(logits, labels), logits, labels);
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
    {
      torch::InferenceMode inference;
      model_->network().eval();
      const auto one = model_->random_images(1, shape.channels, shape.side);
      const auto work = count_work([&] { model_->network().forward(one); });
      summary_.macs = work.macs;
      summary_.activations = work.activations;
    }
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
  results::Summary summary_;
};

}  // namespace

void prepare(const Job& job, EventSink& events) {
  Trial trial(job, events);
  const auto dataset = open_dataset(job.spec.dataset, job.cache_folder, trial.data_progress());
  events.send(Prepared{.split_hash = dataset.split_hash,
                       .train_samples = static_cast<int>(dataset.train.size()),
                       .valid_samples = static_cast<int>(dataset.valid.size()),
                       .classes = dataset.classes,
                       .bad_files = dataset.bad_files});
}

void train(const Job& job, EventSink& events) {
  Trial(job, events).run();
}

}  // namespace archsweep::runner
