#include "tests/runner/trial/small_trial.h"

#include <cmath>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/data/table_columns.h"
#include "runner/trial/train/auc.h"
#include "runner/trial/train/objective.h"
#include "runner/trial/train/trained.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

// configs/titanic.yaml
Job titanic(const SmallTrial& small, const std::string& architecture) {
  auto job = small.job();
  job.spec.architecture = architecture;
  job.spec.dataset = {.kind = "table",
                      .root = SOURCE_ROOT "/configs/titanic.csv",
                      .image_size = 0,
                      .stored_size = 0,
                      .channels = 0,
                      .valid_fraction = 0,
                      .target = "Survived",
                      .categorical = {"Pclass", "Sex", "Embarked"},
                      .continuous = {"Age", "Fare", "SibSp", "Parch"},
                      .missing = "drop",
                      .log = {"Fare"},
                      .normalize = "max"};
  auto& t = job.spec.training;
  t = {.epochs = 200,
       .batch_size = 712,
       .optimizer = "sgd",
       .learning_rate = 0.3,
       .weight_decay = 0,
       .schedule = "cosine",
       .loss = "mse",
       .precision = "float32",
       .layout = "contiguous"};
  return job;
}

}  // namespace

TEST_CASE("the linear model ends at the least-squares solution", "[table]") {
  const SmallTrial small;
  auto job = titanic(small, "tabular_linear");
  job.spec.training.epochs = 600;
  job.weights = small.path("weights");
  const auto said = small.run(job);
  REQUIRE(said.done.size() == 1);
  CHECK(said.done[0].train_samples == 712);
  CHECK(said.done[0].parameters == 10);  // two dummies each for class and port, one for sex
  const auto& last = said.epochs.back();
  // numpy's lstsq: mean squared error and share of the passengers on the right side of 0.5
  CHECK(last.valid_loss == Approx(0.14422715).epsilon(1e-5));
  CHECK(last.valid_top1 == Approx(568.0 / 712));
  CHECK(last.valid_auc > 0.85);
  // What the columns need is kept with the weights.
  const auto trained = read_trained(job.weights);
  CHECK(trained.columns.categorical[0].levels == std::vector<std::string>{"1", "2", "3"});
  CHECK(trained.columns.continuous[0].scale == 80);
  CHECK(trained.class_names == std::vector<std::string>{"0", "1"});
}

TEST_CASE("a layer with ReLU ends clearly below the line", "[table]") {
  const SmallTrial small;
  auto job = titanic(small, "tabular_mlp_10");
  job.spec.training.batch_size = 64;
  job.spec.training.optimizer = "adamw";
  job.spec.training.learning_rate = 0.03;
  const auto last = small.run(job).epochs.back();
  CHECK(last.valid_loss < 0.125);
  CHECK(last.valid_top1 > 0.82);
}

TEST_CASE("cross-entropy, held-out rows and a pause give the same as without", "[table]") {
  const SmallTrial small;
  auto job = titanic(small, "tabular_embedding");
  job.spec.dataset.valid_fraction = 0.25;
  job.spec.dataset.missing = "median";
  job.spec.training = {.epochs = 4,
                       .batch_size = 64,
                       .learning_rate = 0.01,
                       .hidden = {50, 20, 10},
                       .layout = "contiguous"};
  const auto whole = small.run(job);
  REQUIRE(whole.epochs.size() == 4);
  CHECK(whole.done[0].train_samples + whole.done[0].valid_samples == 891);
  CHECK(whole.epochs.back().valid_top1 > 0.7);
  CHECK(whole.epochs.back().valid_auc > 0.75);
  CHECK(whole.epochs.back().valid_loss < 0.62);
  job.checkpoint = small.path("checkpoint");
  job.until_epoch = 2;
  REQUIRE(small.run(job).paused.size() == 1);
  job.until_epoch = 0;
  const auto rest = small.run(job);
  REQUIRE(rest.epochs.size() == 4);
  CHECK(rest.epochs[3].valid_loss == whole.epochs[3].valid_loss);
  CHECK(rest.epochs[3].valid_auc == whole.epochs[3].valid_auc);
}

TEST_CASE("numbers are learned by their squared distance and have no accuracy", "[table]") {
  const SmallTrial small;
  std::string text = "y,x\n";
  for (int i = 0; i < 64; ++i) text += fmt::format("{},{}\n", 0.5 + 0.25 * i, i);
  small.folder.write("line.csv", text);
  auto job = titanic(small, "tabular_linear");
  job.spec.dataset.root = small.path("line.csv");
  job.spec.dataset.target = "y";
  job.spec.dataset.categorical = {}, job.spec.dataset.log = {};
  job.spec.dataset.continuous = {"x"};
  job.spec.dataset.normalize = "standard";
  job.spec.training.loss = "";
  job.spec.training.batch_size = 64;
  job.spec.training.epochs = 300;
  job.spec.training.learning_rate = 0.1;
  const auto said = small.run(job);
  REQUIRE(said.done.size() == 1);
  CHECK(said.done[0].classes == 0);
  CHECK(said.epochs.back().valid_loss < 1e-3);
  CHECK(std::isnan(said.epochs.back().valid_top1));
  CHECK(std::isnan(said.epochs.back().valid_auc));
  job.kind = "preflight";
  CHECK(small.run(job).preflight.size() == 1);
  job.spec.training.loss = "cross_entropy";
  CHECK_THROWS_WITH(small.run(job),
                    "training.loss: cross_entropy is for classes; the targets are numbers: mse");
}

TEST_CASE("area under the ROC curve", "[table]") {
  const auto area = [](std::vector<float> scores, std::vector<std::int64_t> labels) {
    return area_under_curve(torch::tensor(scores), torch::tensor(labels));
  };
  CHECK(area({1, 2, 3, 4}, {0, 0, 1, 1}) == 1);
  CHECK(area({1, 2, 3, 4}, {1, 0, 1, 0}) == 0.25);
  CHECK(area({1, 1, 1, 2}, {0, 1, 0, 1}) == 0.75);  // ties count half
  CHECK(std::isnan(area({1, 2}, {1, 1})));
}
