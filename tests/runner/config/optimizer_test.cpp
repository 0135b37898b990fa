#include "runner/config/config.h"

#include <catch2/catch.hpp>

#include "tests/runner/data/folder.h"

using namespace archsweep::runner;
using Catch::Matchers::Contains;

TEST_CASE("an optimizer has its usual values unless they are given") {
  const Folder folder;
  std::filesystem::create_directories(folder.path / "data");
  const auto read = [&](const std::string& text) {
    folder.write("c.yaml", "dataset: {kind: idx, root: data, image_size: 32}\n" + text);
    return read_config(folder.path / "c.yaml");
  };
  const auto config = read(R"(
training: {optimizer: adan, beta2: 0.999, eps: 1e-8}
architectures:
  - test_vit
  - {name: test_vit2, optimizer: sgd}
  - {name: test_vit3, optimizer: adamw, momentum: 0, weight_decay: 0.3, beta2: 0.99}
  - {name: test_resnet, optimizer: lion, ema: 0.999}
)");
  REQUIRE(config.candidates.size() == 4);  // by name: test_resnet first
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
  CHECK_THROWS_WITH(read("architectures: [test_vit]\ntraining: {optimizer: sgd, eps: 1}"),
                    Contains("c.yaml:3:33: training.eps: sgd has none"));
  CHECK_THROWS_WITH(read("architectures: [test_vit]\ntraining: {ema: 1}"),
                    Contains("c.yaml:3:17: training.ema: must be from 0 to 0.999999, not 1"));
}
