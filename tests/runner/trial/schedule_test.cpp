#include "runner/trial/train/schedule.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "runner/support/text.h"

namespace archsweep::runner {

TEST_CASE("learning rates and momentum are fastai's and timm's at every step") {
  // Made by schedule_reference.py. fastai takes its positions in float32.
  std::ifstream rows(std::string(TEST_DATA) + "/schedules.csv");
  int read = 0;
  for (std::string line; std::getline(rows, line); ++read) {
    INFO(line);
    const auto cells = split(line, ',');
    REQUIRE(cells.size() == 8);
    const auto number = [&](std::size_t i) { return std::stod(std::string(cells[i])); };
    TrainingSpec spec;
    spec.schedule = cells[0];
    spec.freeze_epochs = static_cast<int>(number(1));
    spec.epochs = static_cast<int>(number(2));
    if (spec.schedule == "timm_cosine") {
      spec.learning_rate = 0.1;
      spec.warmup = 1.0 / spec.epochs;
      spec.warmup_from = 1e-5;
    } else {
      spec.learning_rate = spec.freeze_epochs == 1 ? 2e-3 : 8e-3;
      spec.warmup = 0.3;
      spec.div = 5;
      spec.lr_mult = 100;
    }
    const auto rates = rates_at(spec, number(3) / number(4));
    CHECK(rates.learning_rate == Approx(number(5)).epsilon(1e-6));
    CHECK(rates.learning_rate * rates.body == Approx(number(6)).epsilon(1e-6));
    CHECK(rates.momentum == Approx(number(7)).epsilon(1e-6));
  }
  CHECK(read == 91);
}

}  // namespace archsweep::runner
