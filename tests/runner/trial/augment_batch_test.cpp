#include "runner/trial/augment/batch.h"

#include "tests/runner/trial/small_trial.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

torch::Tensor noise(int count, int channels) {
  Random random(3);
  auto images = torch::empty({count, channels, 20, 24}, torch::kUInt8);
  for (auto& value : std::span(images.data_ptr<std::uint8_t>(), std::size_t(images.numel())))
    value = std::uint8_t(random.below(256));
  return images.contiguous(torch::MemoryFormat::ChannelsLast);
}

BatchAugmenter augmenter(const std::vector<AugmentStep>& steps, int channels) {
  const auto mean = torch::full({1, channels, 1, 1}, 100.0), deviation = torch::full_like(mean, 50);
  return {steps, /*seed=*/5, /*classes=*/3, mean, deviation};
}

}  // namespace

TEST_CASE("every kind of augmentation has code and gives pixels") {
  for (const int channels : {1, 3})
    for (const auto& kind : augment_kinds()) {
      if (!kind.on_batch) continue;
      INFO(kind.name << ", " << channels << " channels");
      const auto images = noise(70, channels), before = images.clone();
      const auto labels = torch::arange(70) % 3;
      const auto augment = augmenter({{std::string(kind.name), {}}}, channels);
      const auto made = augment({images, labels}, 1, 0);
      CHECK(images.equal(before));  // the loader's buffer
      CHECK(made.images.sizes() == images.sizes());
      CHECK(made.images.min().item<double>() >= 0);
      CHECK(made.images.max().item<double>() <= 255);
      CHECK_FALSE(made.images.to(torch::kFloat32).equal(images.to(torch::kFloat32)));
      if (made.targets.dim() == 2)
        CHECK(made.targets.sum(1).sub(1).abs().max().item<double>() < 1e-5);
      else
        CHECK(made.targets.equal(labels));
      const auto again = augment({images, labels}, 1, 0);
      CHECK(again.images.equal(made.images));
      CHECK_FALSE(augment({images, labels}, 2, 0).images.equal(made.images));
    }
}

TEST_CASE("what an image gets depends on its position alone") {
  for (const auto& kind : augment_kinds()) {
    if (!kind.on_batch || kind.name.find("mix") == 0 || kind.name == "cutmix") continue;
    INFO(kind.name);
    const auto images = noise(70, 3), labels = torch::zeros(70, torch::kInt64);
    const auto augment = augmenter({{std::string(kind.name), {}}}, 3);
    const auto whole = augment({images, labels}, 1, 100).images;
    for (const int cut : {1, 30, 65}) {
      const auto part =
          augment({images.slice(0, cut), labels.slice(0, cut)}, 1, 100u + unsigned(cut));
      CHECK((part.images.to(torch::kFloat32) - whole.slice(0, cut).to(torch::kFloat32))
                .abs()
                .max()
                .item<double>() < 0.01);
    }
    for (const int threads : {2, 8}) {
      at::set_num_threads(threads);
      CHECK((augment({images, labels}, 1, 100).images - whole)
                .to(torch::kFloat32)
                .abs()
                .max()
                .item<double>() < 0.01);
    }
    at::set_num_threads(1);
  }
}

TEST_CASE("steps follow one another, bytes and floats") {
  const auto images = noise(8, 3);
  const auto labels = torch::arange(8) % 3;
  const auto augment = augmenter({{"aug_transforms", {}},
                                  {"rand_augment", {}},
                                  {"mixup", {}},
                                  {"random_erasing", {{"probability", 1}, {"noise", 1}}},
                                  {"cutmix", {}}},
                                 3);
  const auto made = augment({images, labels}, 1, 0);
  CHECK(made.targets.sizes() == at::IntArrayRef{8, 3});
  CHECK(made.targets.sum(1).sub(1).abs().max().item<double>() < 1e-5);
  CHECK(made.images.isfinite().all().item<bool>());
}

TEST_CASE("where images are mixed, each label counts with the weight of its image") {
  const auto images = noise(4, 3);
  const auto labels = torch::tensor({0, 1, 2, 0}, torch::kInt64);
  const auto weights = torch::tensor({2.0f, 0.0f, 0.5f, 1.0f});
  const auto augment = augmenter({{"mixup", {}}}, 3);
  const auto plain = augment({images, labels}, 1, 0),
             made = augment({images, labels, weights}, 1, 0);
  CHECK_FALSE(plain.weights.defined());
  CHECK(made.images.equal(plain.images));
  // 0 goes with 3, of one class; 1, which does not count, with 2.
  const double kept = plain.targets[1][1].item<double>();
  REQUIRE((kept > 0.01 && kept < 0.99));
  const double expected[4] = {2 * kept + 1 - kept, 0.5 * (1 - kept), 0.5 * kept,
                              kept + 2 * (1 - kept)};
  for (int i = 0; i < 4; ++i) CHECK(made.weights[i].item<double>() == Approx(expected[i]));
  const auto right = torch::one_hot(torch::tensor({0, 2, 2, 0}, torch::kInt64), 3);
  CHECK((made.targets - right).abs().max().item<double>() < 1e-6);
  CHECK(
      augmenter({{"color_jitter", {}}}, 3)({images, labels, weights}, 1, 0).weights.equal(weights));
}

TEST_CASE("erased parts have the mean colour") {
  const auto images = noise(8, 3);
  const auto augment = augmenter({{"random_erasing", {{"probability", 1}}}}, 3);
  const auto made = augment({images, torch::zeros(8, torch::kInt64)}, 1, 0).images;
  const auto changed = made.ne(images);
  CHECK(changed.any().item<bool>());
  CHECK(made.masked_select(changed).eq(100).all().item<bool>());
}

TEST_CASE("an augmented batch in parts is that of the whole") {
  const SmallTrial small;
  auto job = small.job();
  job.spec.augmentation = {{"aug_transforms", {}}, {"mixup_cutmix", {}}};
  job.spec.training.label_smoothing = 0.1;
  const auto whole = small.run(job);
  REQUIRE(whole.epochs.size() == 3);
  job.spec.training.micro_batch = 5;
  const auto parts = small.run(job);
  REQUIRE(parts.epochs.size() == 3);
  for (std::size_t i = 0; i < 3; ++i)
    CHECK(parts.epochs[i].train_loss == Approx(whole.epochs[i].train_loss).epsilon(1e-4));
  job.spec.augmentation.clear();
  CHECK(small.run(job).epochs[0].train_loss != Approx(whole.epochs[0].train_loss).epsilon(1e-4));
}
