#include "tests/runner/trial/small_trial.h"

#include "archs/weights/tensors.h"
#include "runner/trial/train/tta.h"

using namespace archsweep;
using namespace archsweep::runner;

TEST_CASE("views and the image itself make fastai's probabilities") {
  torch::Tensor logits, expected;
  for (const auto& [key, tensor] : archs::read_tensors(TEST_DATA "/augment.safetensors")) {
    if (key == "tta.logits") logits = tensor;
    if (key == "tta.probabilities") expected = tensor;
  }
  ViewedProbabilities made(4);
  made.add_plain(logits[4]);  // in any order
  for (int view = 0; view < 4; ++view) made.add_view(logits[view]);
  CHECK((made.values() - expected).abs().max().item<double>() < 1e-6);
  const auto labels = expected.argmax(1);
  CHECK(made.top1(labels) == 1);
  auto others = labels.clone();
  others[0] = (labels[0] + 1) % 3;
  CHECK(made.top1(others) == Approx(5.0 / 6));
  double sum = 0;
  for (int i = 0; i < 6; ++i)
    sum -= std::log(expected[i][others[i].item<std::int64_t>()].item<double>());
  CHECK(made.loss(others) == Approx(sum / 6));
}

TEST_CASE("views of an image are neither mixed nor erased") {
  const auto steps = view_steps({{"horizontal_flip", {}},
                                 {"color_jitter", {{"hue", 0.1}}},
                                 {"random_erasing", {}},
                                 {"mixup", {}},
                                 {"cutmix", {}},
                                 {"mixup_cutmix", {}}});
  CHECK((steps ==
         std::vector<AugmentStep>{{"horizontal_flip", {}}, {"color_jitter", {{"hue", 0.1}}}}));
}

TEST_CASE("a trial tells what test-time augmentation gives") {
  const SmallTrial small;
  auto job = small.job();
  job.spec.training.epochs = 1;
  const auto off = small.run(job);
  REQUIRE(off.done.size() == 1);
  CHECK(std::isnan(off.done[0].tta_top1));
  CHECK(std::isnan(off.done[0].tta_loss));

  // Views that are the image give what validation gives.
  job.spec.measurement.tta = 3;
  job.spec.augmentation = {{"horizontal_flip", {{"probability", 0}}}};
  const auto same = small.run(job);
  REQUIRE(same.done.size() == 1);
  CHECK(same.done[0].tta_top1 == Approx(same.epochs[0].valid_top1));
  CHECK(same.done[0].tta_loss == Approx(same.epochs[0].valid_loss).epsilon(1e-4));

  job.spec.augmentation = {{"horizontal_flip", {}}, {"aug_transforms", {}}, {"mixup", {}}};
  const auto views = small.run(job), again = small.run(job);
  REQUIRE(views.done.size() == 1);
  CHECK(views.done[0].tta_loss != Approx(views.epochs[0].valid_loss).epsilon(1e-4));
  CHECK(views.done[0].tta_loss == again.done[0].tta_loss);
  job.spec.measurement.tta = 0;
  const auto plain = small.run(job);
  CHECK(plain.epochs[0].valid_loss == views.epochs[0].valid_loss);  // training knows nothing of it
}
