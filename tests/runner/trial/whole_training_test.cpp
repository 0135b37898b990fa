#include "tests/runner/trial/small_trial.h"

#include <array>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "archs/network.h"
#include "archs/weights/tensors.h"
#include "runner/trial/data/image.h"
#include "runner/trial/fill.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

// What fastai and timm make of it (training_reference.py), by case: of each epoch its training
// loss, validation loss and top-1; of each step of lr_find its learning rate and loss.
std::map<std::string, std::vector<std::array<double, 3>>> references() {
  std::map<std::string, std::vector<std::array<double, 3>>> all;
  std::ifstream file(TEST_DATA "/trainings.csv");
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, number;
    std::getline(fields, name, ',');
    std::getline(fields, number, ',');
    auto& row = all[name].emplace_back();
    for (double& value : row) {
      std::getline(fields, number, ',');
      value = std::stod(number);
    }
  }
  return all;
}

// The images of training_reference.py: 48 to train on and 16 to validate.
DatasetSpec write_images(const SmallTrial& small, DatasetSpec spec) {
  constexpr unsigned side = 32, train = 48, all = 64;
  std::string table = "path,label,split\n";
  for (unsigned i = 0; i < all; ++i) {
    Image image(side, side, 1);
    for (unsigned p = 0; p < side * side; ++p)
      image.pixels[p] = std::uint8_t((31 * p + 73 * i + (p * i) % 61) % 192 + 64 * (i % 2));
    small.folder.write(fmt::format("formula/{}.png", i), encode_png(image));
    table += fmt::format("{}.png,{},{}\n", i, i % 2, i < train ? "train" : "valid");
  }
  small.folder.write("formula/labels.csv", table);
  spec.kind = "csv";
  spec.root = small.path("formula");
  spec.table = small.path("formula/labels.csv");
  return spec;
}

// All training images a step; weights by the closed fill rule.
Job job_of(const SmallTrial& small, const std::string& architecture, const DatasetSpec& dataset,
           const TrainingSpec& training) {
  auto job = small.job();
  job.spec.architecture = architecture;
  job.spec.dataset = dataset;
  job.spec.training = training;
  job.spec.training.batch_size = 48;
  job.spec.training.weights = small.path(architecture + ".safetensors");
  const auto network =
      archs::build(architecture, {.num_classes = 2, .in_chans = 1, .image_size = 32});
  fill(*network, 1);
  archs::write_tensors(job.spec.training.weights, archs::state_dict(*network));
  return job;
}

}  // namespace

// Freezing, groups, schedule, optimizer, loss, clipping and averages work together as theirs do.
TEST_CASE("whole trainings are fastai's and timm's, epoch by epoch") {
  const SmallTrial small;
  const auto dataset = write_images(small, small.job().spec.dataset);
  const auto fine_tune = [](int epochs, int freeze_epochs, double rate) {
    return TrainingSpec{.epochs = freeze_epochs + epochs,
                        .learning_rate = rate,
                        .warmup = 0.3,
                        .div = 5,
                        .freeze_epochs = freeze_epochs,
                        .lr_mult = 100};
  };
  const std::map<std::string, TrainingSpec> trainings{
      {"fine_tune test_resnet", fine_tune(6, 2, 4e-3)},
      {"fine_tune test_efficientnet", fine_tune(4, 1, 1e-2)},
      {"timm test_efficientnet",
       {.epochs = 8,
        .optimizer = "nesterov",
        .learning_rate = 0.05,
        .weight_decay = 2e-5,
        .schedule = "timm_cosine",
        .warmup_from = 1e-5,
        .label_smoothing = 0.1}},
      {"layer_decay test_vit",
       {.epochs = 8,
        .optimizer = "adamw",
        .learning_rate = 2e-3,
        .weight_decay = 0.05,
        .beta2 = 0.999,
        .eps = 1e-8,
        .schedule = "timm_cosine",
        .warmup_from = 1e-5,
        .layer_decay = 0.7,
        .clip_grad_norm = 1,
        .ema = 0.9}}};
  const auto expected = references();
  for (const auto& [name, training] : trainings) {
    const auto told =
        small.run(job_of(small, name.substr(name.find(' ') + 1), dataset, training)).epochs;
    const auto& theirs = expected.at(name);
    REQUIRE(told.size() == theirs.size());
    for (std::size_t i = 0; i < told.size(); ++i) {
      INFO(name << ", epoch " << i + 1);
      CHECK(told[i].train_loss == Approx(theirs[i][0]).epsilon(5e-4));
      CHECK(told[i].valid_loss == Approx(theirs[i][1]).epsilon(5e-4));
      CHECK(told[i].valid_top1 == Approx(theirs[i][2]));
    }
  }
}

TEST_CASE("the learning-rate finder's sweep is fastai's, step by step") {
  const SmallTrial small;
  const auto dataset = write_images(small, small.job().spec.dataset);
  const auto expected = references();
  for (const std::string name : {"lr_find test_resnet", "frozen_lr_find test_efficientnet"}) {
    auto job = job_of(small, name.substr(name.find(' ') + 1), dataset,
                      {.freeze_epochs = name.starts_with("frozen")});
    job.kind = "lr_find";
    const auto sweeps = small.run(job).sweeps;
    const auto& theirs = expected.at(name);
    REQUIRE(sweeps.size() == 1);
    const auto& [rates, losses] = sweeps[0];
    REQUIRE(rates.size() == losses.size());
    // Above a rate of 0.3 the last digit decides where the loss goes.
    REQUIRE(rates.size() > 81);
    for (std::size_t i = 0; i < 81; ++i) {
      INFO(name << ", step " << i + 1);
      CHECK(rates[i] == Approx(theirs[i][0]));
      CHECK(losses[i] == Approx(theirs[i][1]).epsilon(5e-4));
    }
  }
}
