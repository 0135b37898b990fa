#include "tests/runner/trial/small_trial.h"

#include <cmath>
#include <limits>

#include "archs/network.h"
#include "runner/support/error.h"
#include "runner/trial/device.h"
#include "runner/trial/failure.h"
#include "runner/trial/model.h"
#include "runner/trial/train/checkpoint.h"
#include "runner/trial/train/choose_precision.h"
#include "runner/trial/train/grad_scaler.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

double value(const archs::NamedTensors& state, const std::string& name) {
  for (const auto& [key, tensor] : state)
    if (key == name) return tensor.item<double>();
  return results::not_measured;
}

void check_equal(const std::vector<results::Epoch>& a, const std::vector<results::Epoch>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].train_loss == b[i].train_loss);
    CHECK(a[i].valid_loss == b[i].valid_loss);
  }
}

// The first of 5 epochs of 48 steps: long enough for a choice.
Job long_job(const SmallTrial& small, const std::string& checkpoint = "") {
  auto job = small.job(checkpoint);
  job.spec.training.epochs = 5;
  job.spec.training.batch_size = 1;
  job.spec.training.drop_path_rate = 0.2;  // draws random numbers
  job.spec.training.precision = "auto";
  job.choices = small.path("choices");
  job.until_epoch = 1;
  return job;
}

std::filesystem::path file_of(const Job& job) {
  return choice_file(job.choices, job.spec, torch::kCPU, 1);
}

}  // namespace

// torch.amp.GradScaler: init_scale 65536, growth_factor 2, backoff_factor 0.5, growth_interval
// 2000.
TEST_CASE("the loss's scale halves at an overflow and doubles after 2000 steps without one") {
  torch::nn::Linear module(2, 1);
  GradScaler scaler(true, torch::kCPU);
  const auto step = [&](double gradient) {
    module->weight.mutable_grad() =
        torch::full({1, 2}, gradient) * value(scaler.state(), "scaler.scale");
    return scaler.unscale(*module);
  };
  CHECK(scaler.scale(torch::tensor(2.0F)).item<float>() == 131072);
  CHECK(step(3));
  CHECK(module->weight.grad().equal(torch::full({1, 2}, 3.0F)));
  CHECK(value(scaler.state(), "scaler.growth_tracker") == 1);
  CHECK_FALSE(step(infinity));
  CHECK(value(scaler.state(), "scaler.scale") == 32768);
  CHECK(value(scaler.state(), "scaler.growth_tracker") == 0);
  CHECK_FALSE(step(std::nan("")));
  CHECK(value(scaler.state(), "scaler.scale") == 16384);
  for (int i = 0; i < 1999; ++i) step(1);
  CHECK(value(scaler.state(), "scaler.scale") == 16384);
  CHECK(step(1));
  CHECK(value(scaler.state(), "scaler.scale") == 32768);
  CHECK(value(scaler.state(), "scaler.growth_tracker") == 0);
  CHECK_THROWS_AS(
      [&] {
        while (!step(infinity)) {
        }
      }(),
      Diverged);
}

TEST_CASE("without loss scaling nothing is changed") {
  torch::nn::Linear module(2, 1);
  module->weight.mutable_grad() = torch::full({1, 2}, infinity);
  GradScaler scaler(false, torch::kCPU);
  CHECK(scaler.unscale(*module));
  CHECK(scaler.state().empty());
}

TEST_CASE("every precision trains, and says which it was") {
  const SmallTrial small;
  auto job = small.job();
  job.spec.architecture = "test_resnet";
  job.spec.training.precision = "float32";
  const auto exact = small.run(job);
  struct Case {
    const char *asked, *dtype;
    double tolerance;
  };
  for (const auto& c : {Case{"tf32", "float32", 0}, Case{"bfloat16", "bfloat16", 0.3},
                        Case{"float16", "float16", 0.3}, Case{"auto", "float32", 0}}) {
    INFO(c.asked);
    job.spec.training.precision = c.asked;
    const auto said = small.run(job);
    REQUIRE(said.done.size() == 1);
    CHECK(said.done[0].dtype == c.dtype);
    const auto loss = said.epochs.back().train_loss, exact_loss = exact.epochs.back().train_loss;
    CHECK(std::abs(loss - exact_loss) <= c.tolerance * exact_loss);
    CHECK((loss == exact_loss) == (c.tolerance == 0));
  }
  CHECK_THROWS_AS(precision_of("float8", torch::kCPU), Error);
}

TEST_CASE("small gradients survive float16 by the scaled loss") {
  // The gradient of a mean over so many is 1e-8, which float16 has no number for.
  torch::nn::Linear layer(1, 1);
  GradScaler scaler(true, torch::kCPU);
  const auto mean =
      layer(torch::ones({64, 1})).to(torch::kFloat16).to(torch::kFloat32).mean() * 1e-7;
  const auto gradient = [&](const torch::Tensor& loss) {
    layer->weight.mutable_grad().reset();
    loss.backward({}, /*retain_graph=*/true);
    return layer->weight.grad().item<double>();
  };
  CHECK(gradient(mean) == 0);
  gradient(scaler.scale(mean));
  CHECK(scaler.unscale(*layer));
  CHECK(layer->weight.grad().item<double>() == Approx(1e-7).epsilon(0.01));
}

TEST_CASE("another precision is taken where it is clearly faster") {
  CHECK(clearly_fastest({{"a", 1}, {"b", 0.76}}) == "a");
  CHECK(clearly_fastest({{"a", 1}, {"b", 0.74}}) == "b");
  CHECK(clearly_fastest({{"a", 1}, {"b", 0.5}, {"c", 0.46}}) == "b");
  CHECK(clearly_fastest({{"a", 1}, {"b", infinity}, {"c", 0.4}}) == "c");
  CHECK(clearly_fastest({{"a", infinity}, {"b", 3}}) == "b");
  CHECK(clearly_fastest({{"a", infinity}, {"b", infinity}}) == "a");
}

TEST_CASE("choosing a precision leaves the training as it is") {
  const SmallTrial small;
  auto job = long_job(small, "chosen");
  const auto chosen = small.run(job);
  const auto [standing, state] = read_checkpoint(job.checkpoint);
  if (precision_candidates(torch::kCPU).size() > 1)
    CHECK(read_choice(file_of(job), torch::kCPU) == standing.precision);
  job.spec.training.precision = standing.precision;
  job.checkpoint = small.path("given");
  check_equal(small.run(job).epochs, chosen.epochs);
  const auto given = read_checkpoint(job.checkpoint).state;
  REQUIRE(given.size() == state.size());
  for (std::size_t i = 0; i < given.size(); ++i) CHECK(given[i].second.equal(state[i].second));
}

TEST_CASE("a choice holds for the trials that differ in rate or seed, and over a pause") {
  if (precision_candidates(torch::kCPU).size() == 1) return;  // no bfloat16 in this processor
  const SmallTrial small;
  auto job = long_job(small);
  const auto trained_in = [&](const std::string& checkpoint) {
    job.checkpoint = small.path(checkpoint);
    small.run(job);
    return read_checkpoint(job.checkpoint).standing.precision;
  };
  write_choice(file_of(job), {.name = "bfloat16"});
  job.spec.training.seed = 7, job.spec.training.learning_rate = 2e-3;
  CHECK(trained_in("first") == "bfloat16");
  write_choice(file_of(job), {.name = "float32"});
  job.until_epoch = 2;
  CHECK(trained_in("first") == "bfloat16");
  job.until_epoch = 1;
  CHECK(trained_in("second") == "float32");
  job.precision = "bfloat16";  // what the job knows goes before
  CHECK(trained_in("third") == "bfloat16");
  auto other = job;
  other.spec.training.batch_size = 2;  // another shape
  CHECK(file_of(other) != file_of(job));
}

TEST_CASE("a file of a choice that is damaged counts for nothing") {
  const Folder folder;
  for (const auto* text :
       {"", "{", "[]", "{}", R"({"precision": 3})", R"({"precision": "float8"})"}) {
    folder.write("choice", text);
    CHECK(read_choice(folder.path / "choice", torch::kCPU) == "");
  }
  CHECK(read_choice(folder.path / "none", torch::kCPU) == "");
}
