#include "runner/trial/train/learner.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "archs/catalog.h"
#include "archs/layers/concat_head.h"
#include "archs/network.h"
#include "runner/support/clock.h"
#include "runner/trial/augment/copy_ahead.h"
#include "runner/trial/device.h"
#include "runner/trial/failure.h"
#include "runner/trial/train/start_weights.h"

namespace archsweep::runner {

// timm draws some classifiers so wide that they are sure of a class before they have learnt (0.7
// for two classes, of EfficientNet): a frozen body is not trained for that.
static void clear_classifier(archs::Network& network) {
  const torch::NoGradGuard no_grad;
  for (const auto& named : network.named_parameters())
    if (named.key().starts_with(network.classifier + ".")) named.value().zero_();
}

// A batch norm over samples, not over places in them, has no deviation of a single one.
static bool takes_single_samples(const archs::Network& network) {
  return std::ranges::none_of(network.modules(), [](const auto& module) {
    return module->template as<torch::nn::BatchNorm1d>() != nullptr;
  });
}

Dataset open_data(const Job& job, EventSink& events, bool check) {
  auto progress = [&events, last = Clock::time_point{}](auto done, auto total) mutable {
    if (done < total && seconds_since(last) < progress_seconds) return;
    last = Clock::now();
    events.send(Progress{
        .phase = "data", .step = static_cast<int>(done), .steps = static_cast<int>(total)});
  };
  return open_dataset(job.spec.dataset, job.cache_folder, progress,
                      // Rounded up: the least limit is not "none".
                      {static_cast<std::uint64_t>(std::ceil(job.cache_gib * (1 << 30))), check});
}

Learner::Learner(const Job& job, EventSink& events)
    : spec_(job.spec), device_(open_device(job.device)) {
  lease_.emplace(lease_name(device_), [&events](bool waits) {
    events.send(Progress{.phase = waits ? "wait" : "start"});
  });
  lease_->share();
  dataset_ = open_data(job, events, /*check=*/false);
  const auto& t = spec_.training;
  micro_batch_ = t.micro_batch ? std::min(t.micro_batch, t.batch_size) : t.batch_size;
  // The seed decides the initial weights, dropout and drop path; the loader has it too.
  torch::manual_seed(t.seed);
  free_unused_memory(device_);
  reset_peak_memory(device_);
  objective_ = Objective(t, dataset_);
  build(events);
}

std::shared_ptr<archs::Network> Learner::make_network() const {
  const auto& t = spec_.training;
  return archs::build(spec_.architecture,
                      {.num_classes = t.head == "own" ? objective_.outputs() : 0,
                       .in_chans = dataset_.channels,
                       .image_size = spec_.dataset.image_size,
                       .drop_rate = t.drop_rate,
                       .drop_path_rate = t.drop_path_rate,
                       .categories = dataset_.categories,
                       .numbers = dataset_.numbers,
                       .hidden = t.hidden});
}

void Learner::build(EventSink& events) {
  const auto& entry = archs::get(spec_.architecture);
  const auto& t = spec_.training;
  const bool own_head = t.head == "own";
  auto network = make_network();
  if (own_head && t.freeze_epochs > 0) clear_classifier(*network);
  load_start_weights(*network, spec_.architecture, t.weights, events);
  if (!own_head)
    network = archs::with_concat_head(std::move(network), dataset_.classes, dataset_.channels,
                                      spec_.dataset.image_size);
  least_ = takes_single_samples(*network) ? 1 : 2;
  model_.emplace(std::move(network), spec_.training, device_);
  if (!dataset_.has_rows()) normalize_ = Normalize(entry.preprocessing, dataset_.channels, device_);
  augmenter_ = BatchAugmenter(spec_.augmentation, spec_.training.seed, dataset_.classes,
                              normalize_.mean(), normalize_.deviation());
}

void Learner::use_precision(const std::string& word) {
  model_->set_precision(word);
  scaler_ = GradScaler(model_->needs_loss_scaling(), device_);
}

Optimizer Learner::optimizer() {
  return {model_->network(), spec_.training};
}

results::Summary Learner::summary() {
  results::Summary summary;
  summary.dtype = model_->dtype();
  summary.layout = model_->layout();
  summary.split_hash = dataset_.split_hash;
  summary.classes = dataset_.classes;
  summary.train_samples = static_cast<int>(dataset_.train.size());
  summary.valid_samples = static_cast<int>(dataset_.valid.size());
  summary.parameters = archs::count_parameters(model_->network());
  return summary;
}

BatchLoader Learner::training_loader(int epoch) const {
  return {dataset_, dataset_.train,
          training_batches(spec_, dataset_, epoch, at::get_num_threads())};
}

BatchLoader Learner::validation_loader() const {
  return {dataset_,
          dataset_.valid,
          {.image_size = spec_.dataset.image_size,
           // Where training has room for so many images, validation has.
           .batch_size = micro_batch_,
           .threads = at::get_num_threads()}};
}

torch::Tensor Learner::to_samples(const Batch& batch) const {
  if (dataset_.has_rows()) return to_device(batch.rows, batch.count, device_);
  return to_device(batch.pixels, batch.count, spec_.dataset.image_size, dataset_.channels, device_);
}

torch::Tensor Learner::to_input(const torch::Tensor& samples) const {
  return model_->laid_out(normalize_(samples));
}

double Learner::step_aside() {
  if (!lease_->is_wanted()) return 0;
  synchronize(device_);
  const auto start = Clock::now();
  lease_->share();
  return seconds_since(start);
}

// Of each image's loss in that of its batch; undefined where all images count the same. Where all
// weights are 0 the loss is 0.
static torch::Tensor shares_of(const torch::Tensor& weights) {
  if (!weights.defined()) return {};
  const auto exact = weights.to(torch::kFloat64);
  return (exact / exact.sum().clamp_min(1e-300)).to(torch::kFloat32);
}

// Summed over parts of at most micro_batch images (or one more, where a part must not be a single
// one), which weigh by their share: up to rounding those of the whole, but for batch norm.
Learner::Learned Learner::backward(const Batch& batch, const torch::Tensor& targets) {
  const auto weights =
      batch.weights.empty() ? torch::Tensor() : copy_ahead(torch::tensor(batch.weights), device_);
  const auto whole = augmenter_({to_samples(batch), targets, weights}, batch.epoch, batch.first);
  const auto shares = shares_of(whole.weights);
  const int n = batch.count;
  const int parts = std::clamp((n + micro_batch_ - 1) / micro_batch_, 1, std::max(1, n / least_));
  std::vector<torch::Tensor> losses, logits;
  for (int part = 0; part < parts; ++part) {
    const int begin = n * part / parts, end = n * (part + 1) / parts;
    const auto of_part = forward(whole.images.slice(0, begin, end));
    auto loss = objective_.loss(of_part, whole.targets.slice(0, begin, end),
                                spec_.training.label_smoothing, /*each=*/shares.defined());
    if (shares.defined())
      loss = (loss * shares.slice(0, begin, end)).sum();
    else
      loss = loss * (static_cast<double>(end - begin) / n);
    scaler_.scale(loss).backward();
    losses.push_back(loss.detach());
    logits.push_back(of_part.detach());
  }
  const double weight =
      batch.weights.empty() ? n : std::accumulate(batch.weights.begin(), batch.weights.end(), 0.0);
  return {torch::stack(losses).sum(), weight, torch::cat(logits)};
}

// Where the memory is too small, again in parts of half the size. (Batch norm's running statistics
// may then have seen a part of this batch twice.)
Learner::Learned Learner::learn(Optimizer& optimizer, const Batch& batch,
                                const torch::Tensor& targets) {
  for (;;) {
    optimizer.zero_grad();
    try {
      return backward(batch, targets);
    } catch (const std::exception& e) {
      if (!is_out_of_memory(e) || spec_.training.micro_batch > 0 || micro_batch_ <= least_) throw;
    }
    // Only now is everything free that the failed pass held.
    optimizer.zero_grad();
    free_unused_memory(device_);
    micro_batch_ = std::max(least_, (micro_batch_ + 1) / 2);
    fmt::print(stderr,
               "out of memory: batches of {} in parts of {} from now on; batch norm, where "
               "there is one, sees a part at a time\n",
               spec_.training.batch_size, micro_batch_);
  }
}

Learner::Learned Learner::take_step(Optimizer& optimizer, const Batch& batch,
                                    const torch::Tensor& targets, const Rates& rates) {
  auto learned = learn(optimizer, batch, targets);
  if (learned.weight > 0) step(optimizer, rates);
  return learned;
}

void Learner::step(Optimizer& optimizer, const Rates& rates) {
  if (!scaler_.unscale(model_->network())) return;
  optimizer.step(rates);
}

}  // namespace archsweep::runner
