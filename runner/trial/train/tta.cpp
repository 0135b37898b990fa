#include "runner/trial/train/tta.h"

#include <algorithm>
#include <iterator>
#include <limits>

#include "runner/support/clock.h"
#include "runner/trial/augment/batch.h"
#include "runner/trial/data/batches.h"

namespace archsweep::runner {

std::vector<AugmentStep> view_steps(const std::vector<AugmentStep>& steps) {
  std::vector<AugmentStep> views;
  std::ranges::copy_if(steps, std::back_inserter(views),
                       [](const auto& step) { return !augment_kind(step.name).training_only; });
  return views;
}

constexpr double plain_share = 0.25;

void ViewedProbabilities::add_view(const torch::Tensor& logits) {
  add(logits, (1 - plain_share) / views_);
}

void ViewedProbabilities::add_plain(const torch::Tensor& logits) {
  add(logits, plain_share);
}

void ViewedProbabilities::add(const torch::Tensor& logits, double share) {
  const auto part = logits.to(torch::kFloat32).softmax(1) * share;
  sum_ = sum_.defined() ? sum_ + part : part;
}

double ViewedProbabilities::top1(const torch::Tensor& labels) const {
  return sum_.argmax(1).eq(labels).to(torch::kFloat64).mean().item<double>();
}

double ViewedProbabilities::loss(const torch::Tensor& labels) const {
  const auto right = sum_.gather(1, labels.unsqueeze(1));
  return -right.clamp_min(std::numeric_limits<float>::min())
              .log()
              .to(torch::kFloat64)
              .mean()
              .item<double>();
}

void test_with_views(Learner& learner, const TrialSpec& spec, EventSink& events,
                     results::Summary& summary) {
  torch::InferenceMode inference;
  learner.model().network().eval();
  const auto& dataset = learner.dataset();
  const int views = spec.measurement.tta;
  const BatchAugmenter augment(view_steps(spec.augmentation), spec.training.seed, dataset.classes,
                               /*mean=*/{}, /*deviation=*/{});
  auto reported = Clock::now();
  ViewedProbabilities probabilities(views);
  torch::Tensor labels;
  Batch batch;
  for (int view = 0; view <= views; ++view) {  // the last is the image itself
    const bool is_plain = view == views;
    BatchLoader loader(
        dataset, dataset.valid,
        {.augmentation = is_plain ? std::vector<AugmentStep>{} : view_steps(spec.augmentation),
         .image_size = spec.dataset.image_size,
         .batch_size = learner.micro_batch(),
         .seed = spec.training.seed,
         .epoch = spec.training.epochs + 1 + view,  // as no epoch of training drew
         .threads = at::get_num_threads()});
    std::vector<torch::Tensor> logits;  // on the CPU: of many images and classes they are large
    std::vector<std::int64_t> all_labels;
    for (int step = 1; loader.next(batch); ++step) {
      learner.step_aside();
      if (seconds_since(reported) >= progress_seconds) {
        reported = Clock::now();
        events.send(Progress{.phase = "validate",
                             .epoch = spec.training.epochs,
                             .epochs = spec.training.epochs,
                             .step = view * static_cast<int>(loader.batches()) + step,
                             .steps = (views + 1) * static_cast<int>(loader.batches())});
      }
      auto pixels = learner.to_samples(batch);
      if (!is_plain) pixels = augment({pixels, {}}, batch.epoch, batch.first).images;
      logits.push_back(learner.forward(pixels).to(torch::kCPU));
      all_labels.insert(all_labels.end(), batch.labels.begin(), batch.labels.end());
    }
    if (is_plain)
      probabilities.add_plain(torch::cat(logits));
    else
      probabilities.add_view(torch::cat(logits));
    labels = torch::tensor(all_labels);
  }
  summary.tta_top1 = probabilities.top1(labels);
  summary.tta_loss = probabilities.loss(labels);
}

}  // namespace archsweep::runner
