#include "tests/runner/trial/small_trial.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

// The lesson's: 20 points of a parabola, plain gradient descent.
Job lesson(const SmallTrial& small, const std::string& architecture) {
  auto job = small.job();
  job.spec.architecture = architecture;
  job.spec.dataset = {.kind = "function",
                      .image_size = 0,
                      .stored_size = 0,
                      .channels = 0,
                      .valid_fraction = 0,
                      .expression = "3*x^2 + 2*x + 1",
                      .points = 20};
  job.spec.training = {.epochs = 10,
                       .batch_size = 20,
                       .optimizer = "sgd",
                       .learning_rate = 0.01,
                       .weight_decay = 0,
                       .momentum = 0,
                       .schedule = "constant",
                       .warmup = 0,
                       .loss = "mse",
                       .precision = "float32",
                       .layout = "contiguous"};
  return job;
}

}  // namespace

TEST_CASE("gradient descent on three numbers is what PyTorch makes of it by hand", "[curve]") {
  const SmallTrial small;
  const auto said = small.run(lesson(small, "quadratic"));
  REQUIRE(said.epochs.size() == 10);
  const auto& first = said.epochs[0];
  CHECK(first.parameter_names == std::vector<std::string>{"a", "b", "c"});
  const auto near = [](double value) { return Approx(value).epsilon(2e-5); };
  // loss = ((a*x*x + b*x + c - y)**2).mean(); loss.backward(); abc -= 0.01 * abc.grad
  CHECK(first.train_loss == near(7.174071));
  CHECK(first.gradients[0] == near(-10.214550));
  CHECK(first.gradients[1] == near(-1.473684));
  CHECK(first.gradients[2] == near(-3.421053));
  CHECK(first.parameters[0] == near(1.602146));
  const auto& last = said.epochs[9];
  CHECK(last.train_loss == near(1.739671));
  CHECK(last.valid_loss == near(1.521015));
  CHECK(last.parameters[0] == near(2.201062));
  CHECK(last.parameters[1] == near(1.629282));
  CHECK(last.parameters[2] == near(1.710650));
  CHECK(last.gradients[2] == near(-1.088299));
  REQUIRE(last.x.size() == 20);
  CHECK(last.x[0] == -2);
  CHECK(last.y[0] == 9);
  CHECK(last.outputs[0] == near(4 * 2.201062 - 2 * 1.629282 + 1.710650));
}

TEST_CASE("rectified lines bend towards the points", "[curve]") {
  const SmallTrial small;
  double before = 1e9;
  for (const auto* name : {"relus_1", "relus_2", "relus_8"}) {
    INFO(name);
    auto job = lesson(small, name);
    job.spec.training.epochs = 100;
    const auto epochs = small.run(job).epochs;
    REQUIRE(epochs.size() == 100);
    CHECK(epochs.back().valid_loss < epochs.front().valid_loss);
    CHECK(epochs.back().valid_loss < before);  // more lines, a better fit
    before = epochs.back().valid_loss;
  }
}

TEST_CASE("noise is drawn from the seed", "[curve]") {
  const SmallTrial small;
  auto job = lesson(small, "quadratic");
  job.spec.training.epochs = 1;
  job.spec.dataset.noise = 0.5;
  const auto points = [&](std::uint64_t seed) {
    job.spec.dataset.split_seed = seed;
    return small.run(job).epochs[0].y;
  };
  CHECK(points(1) == points(1));
  CHECK(points(1) != points(2));
}
