#include "runner/trial/augment/batch.h"

#include <algorithm>
#include <utility>

#include "runner/support/error.h"
#include "runner/trial/augment/colour.h"
#include "runner/trial/augment/copy_ahead.h"
#include "runner/trial/augment/geometry.h"
#include "runner/trial/augment/mix.h"
#include "runner/trial/augment/policies.h"

namespace archsweep::runner {
namespace {

// Images, or a batch, and what a step needs besides.
struct Work {
  torch::Tensor images;
  const AugmentValues& values;
  std::size_t first;  // position of the first image
  std::uint64_t seed, epoch, stream;
  const torch::Tensor &mean, &deviation;

  // Of the i-th image; the low bits are the loader's positions.
  Random random(std::size_t i) const { return {seed, epoch, stream << 40 | (first + i)}; }
  ImageSize size() const { return {int(images.size(3)), int(images.size(2))}; }

  // What `draw` makes of each image's random numbers.
  template <typename Draw>
  auto drawn(Draw draw) const {
    std::vector<decltype(draw(std::declval<Random&>()))> each;
    for (std::size_t i = 0; i < std::size_t(images.size(0)); ++i) {
      Random own = random(i);
      each.push_back(draw(own));
    }
    return each;
  }
  void to_floats() { images = images.to(torch::kFloat32); }
  void to_bytes() {
    if (images.scalar_type() != torch::kUInt8)
      images = images.round().clamp_(0, 255).to(torch::kUInt8);
  }
};

void aug_transforms(Work& w) {
  const auto& v = w.values;
  const PlacementRanges ranges{v[7] != 0, v[8] != 0, v[0], v[1], v[2], v[3], v[5]};
  std::vector<Lighting> lightings;
  const auto placements = w.drawn([&](Random& random) {
    const auto placement = draw_placement(ranges, random);
    lightings.push_back(draw_lighting(v[4], v[6], random));
    return placement;
  });
  w.to_floats();
  w.images = place(w.images, placements);
  if (v[4] > 0) light(w.images, lightings);
}

template <typename Draw>
void chains(Work& w, Draw draw) {
  w.to_bytes();
  w.images = apply_chains(w.images, w.drawn(draw));
}

void rand_augment(Work& w) {
  chains(w, [&](Random& random) {
    return draw_rand_augment(int(w.values[0]), int(w.values[1]), w.size(), random);
  });
}

void trivial_augment(Work& w) {
  chains(w, [&](Random& random) { return draw_trivial_augment(w.size(), random); });
}

template <Policy policy>
void auto_augment(Work& w) {
  chains(w, [&](Random& random) { return draw_auto_augment(policy, w.size(), random); });
}

void color_jitter(Work& w) {
  const auto& v = w.values;
  chains(w, [&](Random& random) { return draw_jitter({v[0], v[1], v[2], v[3]}, random); });
}

void augmix(Work& w) {
  const auto& v = w.values;
  w.to_bytes();
  w.images = apply_mixtures(w.images, w.drawn([&](Random& random) {
    return draw_augmix(int(v[0]), int(v[1]), int(v[2]), v[3], w.size(), random);
  }));
}

void random_erasing(Work& w) {
  const auto& v = w.values;
  const ErasingRanges ranges{v[0], v[1], v[2], v[3]};
  w.to_floats();
  w.images = w.images.clone();
  std::int64_t i = 0;
  w.drawn([&](Random& random) {
    const auto image = w.images.select(0, i++);
    const auto box = draw_box(ranges, image.size(1), image.size(2), random);
    if (!box) return 0;
    auto fill = w.mean.squeeze(0);
    if (v[4] != 0) {
      auto noise = torch::empty({image.size(0), box->height, box->width}, torch::kFloat32);
      for (auto& value : std::span(noise.data_ptr<float>(), std::size_t(noise.numel())))
        value = float(random.normal());
      fill = fill + w.deviation.squeeze(0) * copy_ahead(noise, image.device());
    }
    erase(image, *box, fill);
    return 0;
  });
}

MixRanges mixup(const AugmentValues& v) {
  return {.mixup_alpha = v[0], .probability = v[1]};
}
MixRanges cutmix(const AugmentValues& v) {
  return {.cutmix_alpha = v[0], .probability = v[1]};
}
MixRanges mixup_cutmix(const AugmentValues& v) {
  return {v[0], v[1], v[2], v[3]};
}

// Of a step: what it does to any part of a batch, or how it mixes the whole.
struct Code {
  std::string_view name;
  void (*change)(Work&);
  MixRanges (*mixing)(const AugmentValues&) = nullptr;
};
constexpr Code codes[] = {
    {"aug_transforms", aug_transforms},
    {"rand_augment", rand_augment},
    {"trivial_augment", trivial_augment},
    {"auto_augment_imagenet", auto_augment<Policy::imagenet>},
    {"auto_augment_cifar10", auto_augment<Policy::cifar10>},
    {"auto_augment_svhn", auto_augment<Policy::svhn>},
    {"augmix", augmix},
    {"color_jitter", color_jitter},
    {"random_erasing", random_erasing},
    {"mixup", nullptr, mixup},
    {"cutmix", nullptr, cutmix},
    {"mixup_cutmix", nullptr, mixup_cutmix},
};

}  // namespace

struct BatchAugmenter::Step {
  const Code* code;
  AugmentValues values;
};

BatchAugmenter::BatchAugmenter() = default;
BatchAugmenter::~BatchAugmenter() = default;
BatchAugmenter::BatchAugmenter(BatchAugmenter&&) noexcept = default;
BatchAugmenter& BatchAugmenter::operator=(BatchAugmenter&&) noexcept = default;

BatchAugmenter::BatchAugmenter(const std::vector<AugmentStep>& steps, std::uint64_t seed,
                               int classes, torch::Tensor mean, torch::Tensor deviation)
    : seed_(seed), classes_(classes), mean_(std::move(mean)), deviation_(std::move(deviation)) {
  for (const auto& step : steps) {
    if (!augment_kind(step.name).on_batch) continue;
    const auto code = std::ranges::find(codes, step.name, &Code::name);
    if (code == std::end(codes)) throw Error("augmentation: no code for " + step.name);
    steps_.push_back({code, augment_values(step)});
  }
}

Augmented BatchAugmenter::operator()(Augmented batch, int epoch, std::size_t first) const {
  torch::NoGradGuard no_grad;
  // So many images at once, for a large batch's sake: what a step needs besides is some times as
  // large as they are.
  constexpr std::int64_t at_once = 64;
  for (std::size_t s = 0; s < steps_.size(); ++s) {
    const auto& [code, values] = steps_[s];
    const std::uint64_t stream = s + 1;
    if (code->mixing) {
      Random random(seed_, std::uint64_t(epoch), stream << 40 | first);
      const auto m =
          draw_mix(code->mixing(values), batch.images.size(2), batch.images.size(3), random);
      if (batch.targets.dim() == 1)
        batch.targets = torch::one_hot(batch.targets, classes_).to(torch::kFloat32);
      batch.images = batch.images.to(torch::kFloat32, /*non_blocking=*/false, /*copy=*/true);
      if (batch.weights.defined()) batch.targets = batch.targets * batch.weights.unsqueeze(1);
      batch.targets = mix(batch.images, batch.targets, m);
      if (batch.weights.defined()) {
        batch.weights = batch.targets.sum(1);
        batch.targets = batch.targets / batch.weights.clamp_min(1e-30).unsqueeze(1);
      }
      continue;
    }
    std::vector<torch::Tensor> done;
    for (const auto& part : batch.images.split(at_once)) {
      Work work{part,
                values,
                first + std::size_t(at_once) * done.size(),
                seed_,
                std::uint64_t(epoch),
                stream,
                mean_,
                deviation_};
      code->change(work);
      done.push_back(work.images);
    }
    batch.images = done.size() == 1 ? done[0] : torch::cat(done);
  }
  return batch;
}

}  // namespace archsweep::runner
