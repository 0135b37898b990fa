#include <cmath>

#include "tests/runner/config/place.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;

namespace {

Rates rates(const Place& place, const std::string& value) {
  return place.read(one + "learning_rate: " + value).candidates.at(0).learning_rates;
}

}  // namespace

TEST_CASE("learning rates that are to be found are named by their rules") {
  const Place place;
  const auto candidate = [&](const std::string& value) {
    return place.read(one + "learning_rate: " + value).candidates.at(0);
  };
  CHECK(candidate("find").rules == Names{"valley"});
  CHECK(candidate("find").learning_rates.empty());
  const auto mixed = candidate("[steep, 0.5, find, valley, slide]");
  CHECK(mixed.rules == Names{"steep", "valley", "slide"});
  CHECK(mixed.learning_rates == Rates{0.5});
  CHECK_THROWS_WITH(candidate("found"), Contains("or find (valley, steep, minimum, slide)"));
  CHECK_THROWS_WITH(candidate("{from: find, to: 1, points: 3}"), Contains("'from' is missing"));
}

TEST_CASE("an optimizer has its usual values unless they are given") {
  const Place place;
  const auto config = place.read(data + R"(
training: {optimizer: adan, beta2: 0.999, eps: 1e-8}
architectures:
  - test_vit
  - {name: test_vit2, optimizer: sgd}
  - {name: test_vit3, optimizer: adamw, momentum: 0, weight_decay: 0.3, beta2: 0.99}
  - {name: test_resnet, optimizer: lion, ema: 0.999}
)");
  REQUIRE(names(config) == Names{"test_resnet", "test_vit", "test_vit2", "test_vit3"});
  const auto &lion = config.candidates[0].training, &adan = config.candidates[1].training,
             &sgd = config.candidates[2].training, &adamw = config.candidates[3].training;
  CHECK(std::pair(adan.momentum, adan.weight_decay) == std::pair(0.98, 0.02));
  CHECK(adan.beta2 == 0.999);
  CHECK(adan.eps == 0);  // its own, written out
  CHECK(std::pair(sgd.momentum, sgd.weight_decay) == std::pair(0.9, 0.01));
  CHECK(std::pair(sgd.beta2, sgd.eps) == std::pair(0.0, 0.0));
  CHECK(std::pair(adamw.momentum, adamw.weight_decay) == std::pair(0.0, 0.3));
  CHECK(std::pair(adamw.beta2, adamw.eps) == std::pair(0.0, 1e-8));
  CHECK(std::pair(lion.momentum, lion.weight_decay) == std::pair(0.9, 0.1));
  CHECK(lion.ema_warmup);
  CHECK_THAT(place.faults(data + "architectures: [test_vit]\ntraining: {optimizer: sgd, eps: 1}"),
             Contains("c.yaml:3:33: training.eps: sgd has none"));
  CHECK_THAT(place.faults(data + "architectures: [{name: test_vit, optimizer: sgd, beta2: 0.9}]"),
             Contains("c.yaml:2:57: architectures.beta2: sgd has none"));
  CHECK_THAT(place.faults(data + "architectures: [test_vit]\ntraining: {ema: 1}"),
             Contains("c.yaml:3:17: training.ema: must be from 0 to 0.999999, not 1"));
}

TEST_CASE("what the schedule does not read makes no other training") {
  const Place place;
  const auto training = [&](const std::string& keys) {
    return place.read(one + "training: {" + keys + "}").candidates.at(0).training;
  };
  CHECK(training("schedule: cosine, div: 7, warmup_from: 0.1").div == TrainingSpec{}.div);
  CHECK(training("schedule: cosine, div: 7, warmup_from: 0.1").warmup_from == 0.1);
  CHECK(training("div: 7, warmup_from: 0.1").div == 7);
  CHECK(training("div: 7, warmup_from: 0.1").warmup_from == 0);
}

TEST_CASE("fastai's head has its own dropout and norms over samples") {
  const Place place;
  const auto faults = [&](const std::string& keys) {
    return place.faults(one + "training: {head: concat_pool, " + keys + "}");
  };
  CHECK_THAT(faults("drop_rate: 0.2"), Contains("training.drop_rate: concat_pool has its own"));
  CHECK_THAT(faults("batch_size: 1"), Contains("batch_size and micro_batch are at least 2"));
  CHECK_THAT(faults("micro_batch: 1"), Contains("batch_size and micro_batch are at least 2"));
  place.read(one + "training: {head: concat_pool, batch_size: 2}");
}

TEST_CASE("a learning rate is a value, a list or a log range") {
  const Place place;
  CHECK(rates(place, "3e-4") == Rates{3e-4});
  CHECK(rates(place, "[1e-2, 0.01, 2]") == Rates{0.01, 2});
  CHECK(rates(place, "{from: 1e-4, to: 1e-2, points: 3}") == Rates{1e-4, 1e-3, 1e-2});
  CHECK(rates(place, "{from: 0.1, to: 0.001, points: 2}") == Rates{0.1, 0.001});
  CHECK(rates(place, "{from: 0.001, to: 0.004, points: 3}") == Rates{0.001, 0.002, 0.004});
  for (const auto* wrong :
       {"0", "-1", "fast", "'0.1'", "nan", "inf", "2000", "[]", "[0.1, x]", "[[0.1]]",
        "{from: 0.1, to: 0.2}", "{from: 0, to: 0.2, points: 2}", "{from: 0.1, to: 0.2, points: 1}",
        "{from: 0.1, to: 0.2, points: 2.5}", "{from: 0.1, to: 0.2, points: 2, step: 1}",
        "{from: 1e-300, to: 1e300, points: 5}", "{from: 0.1, to: 1, points: 2000}",
        "{from: 0.1, to: 2000, points: 2}", "{}"}) {
    INFO(wrong);
    CHECK_THAT(place.faults(one + "learning_rate: " + wrong),
               Contains("c.yaml:3:") && Contains("learning_rate"));
  }
}

TEST_CASE("a recipe is what the config does not say itself") {
  const Place place;
  const auto tuned = place.read(one + "training: {recipe: fine_tune, epochs: 5, base_lr: 4e-3}");
  const auto& t = tuned.candidates.at(0).training;
  CHECK(tuned.candidates[0].learning_rates == Rates{4e-3});
  CHECK(t.epochs == 6);  // one more with the body frozen
  CHECK(t.freeze_epochs == 1);
  CHECK(t.lr_mult == 100);
  CHECK(t.warmup == 0.3);
  CHECK(t.div == 5);
  CHECK(t.weights == "pretrained");
  CHECK(t.head == "own");
  const auto other = place.read(
      one + "training: {weights: none, recipe: fine_tune, freeze_epochs: 0, head: concat_pool}");
  CHECK(other.candidates[0].learning_rates == Rates{2e-3});
  CHECK(other.candidates[0].training.weights == "none");
  CHECK(other.candidates[0].training.epochs == 5);
  CHECK(other.candidates[0].training.head == "concat_pool");

  const auto timm = place.read(data + R"(
training: {recipe: timm, epochs: 10, batch_size: 64}
architectures: [test_resnet, {name: test_vit, batch_size: 128, epochs: 50, optimizer: adamw}, {name: test_vit2, learning_rate: 0.3, warmup: 0.1}]
)");
  CHECK(timm.candidates[0].learning_rates == Rates{0.025});
  CHECK(timm.candidates[0].training.optimizer == "nesterov");
  CHECK(timm.candidates[0].training.weight_decay == 2e-5);
  CHECK(timm.candidates[0].training.warmup == 0.25);  // 5 epochs, but no more than a quarter
  CHECK(timm.candidates[1].learning_rates.at(0) == Approx(0.1 * std::sqrt(0.5)));
  CHECK(timm.candidates[1].training.warmup == 0.1);
  CHECK(timm.candidates[2].learning_rates == Rates{0.3});
  CHECK(timm.candidates[2].training.warmup == 0.1);

  // What is taken where none can be found: the recipe's, scaled with the batch.
  const auto finds = place.read(data + R"(
training: {recipe: timm, epochs: 10, batch_size: 64, base_lr: find}
architectures: [test_resnet]
)");
  CHECK(finds.candidates[0].rules == Names{"valley"});
  CHECK(finds.candidates[0].training.learning_rate == Approx(0.025));

  CHECK(
      place.faults(one + "training: {recipe: fine_tun}") ==
      "c.yaml:3:20: training.recipe: 'fine_tun' is none of fine_tune, timm, scratch; did you mean "
      "'fine_tune'?");
  CHECK_THAT(place.faults(one + "training: {base_lr: 0.1}"),
             Contains("c.yaml:3:21: training.base_lr: of a recipe"));
  CHECK_THAT(place.faults(one + "learning_rate: 0.1\ntraining: {recipe: timm, base_lr: 0.1}"),
             Contains("c.yaml:4:35: training.base_lr: learning_rate is given too, at c.yaml:3:16"));
  CHECK_THAT(place.faults(one + "training: {recipe: fine_tune, base_lr: -1}"),
             Contains("learning_rate"));
}
