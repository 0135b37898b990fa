#include "tests/runner/trial/small_trial.h"

#include "runner/trial/train/best_epoch.h"
#include "runner/trial/train/trained.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

std::vector<results::Epoch> epochs(const std::vector<std::pair<double, double>>& top1_and_loss) {
  std::vector<results::Epoch> list;
  for (const auto& [top1, loss] : top1_and_loss) {
    results::Epoch epoch;
    epoch.number = static_cast<int>(list.size()) + 1;
    epoch.valid_top1 = top1;
    epoch.valid_loss = loss;
    list.push_back(epoch);
  }
  return list;
}

}  // namespace

TEST_CASE("the best epoch has the highest top-1, then the lowest loss, then it came first") {
  constexpr double none = results::not_measured;
  CHECK(best_epoch({}) == 0);
  CHECK(best_epoch(epochs({{0.5, 1}, {0.7, 2}, {0.6, 0.1}})) == 2);
  CHECK(best_epoch(epochs({{0.7, 1}, {0.7, 0.9}, {0.7, 0.9}})) == 2);
  CHECK(best_epoch(epochs({{none, 3}, {none, 1}, {none, 2}})) == 2);
}

TEST_CASE("a training ends when its epochs are done, or none gets better for too long") {
  const TrainingSpec spec{.epochs = 10, .patience = 2};
  CHECK_FALSE(has_ended(spec, {}));
  CHECK_FALSE(has_ended(spec, epochs({{0.5, 1}, {0.4, 1}})));
  CHECK(has_ended(spec, epochs({{0.5, 1}, {0.4, 1}, {0.4, 1}})));
  CHECK_FALSE(has_ended(spec, epochs({{0.5, 1}, {0.4, 1}, {0.6, 1}})));
  CHECK_FALSE(has_ended({.epochs = 10}, epochs({{0.5, 1}, {0.4, 1}, {0.3, 1}, {0.2, 1}})));
  CHECK(has_ended({.epochs = 2}, epochs({{0.5, 1}, {0.6, 1}})));
}

TEST_CASE("patience ends a training, and the best epoch's weights are what is kept") {
  const SmallTrial small;
  auto job = small.job("c");
  job.spec.training.epochs = 12;
  job.spec.training.learning_rate = 0.5;  // it will not learn steadily
  job.spec.training.schedule = "constant";
  job.spec.training.clip_grad_norm = 1;
  job.spec.training.patience = 2;
  job.spec.training.result = "best";
  job.weights = small.path("weights");
  const auto told = small.run(job);
  REQUIRE(told.done.size() == 1);
  const int best = told.done[0].result_epoch;
  CHECK(best == best_epoch(told.epochs));
  REQUIRE(std::ssize(told.epochs) == best + 2);
  REQUIRE(best + 2 < 12);

  const auto kept = read_trained(job.weights).weights, saved = read_trained(job.checkpoint).weights;
  REQUIRE(kept.size() == saved.size());
  for (std::size_t i = 0; i < kept.size(); ++i)
    CHECK(kept[i].second.equal(
        std::ranges::find(saved, kept[i].first, &decltype(saved)::value_type::first)->second));

  // A training that leaves them as they are validates as that epoch did.
  auto again = small.job();
  again.spec.training.epochs = 1;
  again.spec.training.learning_rate = 1e-12;
  again.spec.training.weights = job.weights;
  const auto same = small.run(again);
  REQUIRE(same.epochs.size() == 1);
  CHECK(same.epochs[0].valid_loss ==
        Approx(told.epochs[std::size_t(best) - 1].valid_loss).epsilon(1e-5));
}
