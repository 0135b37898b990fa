#include "tests/torch_test.h"

#include "runner/trial/train/optimizer.h"

#include <map>

#include <fmt/format.h>

#include "archs/weights/tensors.h"
#include "runner/support/error.h"
#include "runner/trial/train/clip.h"
#include "runner/trial/train/weight_average.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

constexpr int steps = 10;
const std::vector<std::string> names{"conv", "depthwise", "matrix", "bias"};

// What torch.optim and timm say (optimizer_reference.py).
const torch::Tensor& reference(const std::string& name) {
  static const auto all = [] {
    std::map<std::string, torch::Tensor> map;
    for (const auto& [key, tensor] : archs::read_tensors(TEST_DATA "/optimizers.safetensors"))
      map.emplace(key, tensor);
    return map;
  }();
  return all.at(name);
}

// Without its module.
std::string short_of(const std::string& key) {
  return key.substr(key.rfind('.') + 1);
}

// Parameters without a network around them.
struct Parameters : archs::Network {
  Parameters() {
    const auto head = register_module("head", std::make_shared<torch::nn::Module>());
    for (const auto& name : names)
      (name == "matrix" ? *head : *this)
          .register_parameter(name, reference("start." + name).clone());
    classifier = "head";
  }
  torch::Tensor features(const torch::Tensor& images) override { return images; }
  torch::Tensor head(const torch::Tensor& features) override { return features; }
  int layer_of(std::string_view key) const override { return key.starts_with("head"); }

  void set_grads(int step) {
    for (auto& p : named_parameters())
      p.value().mutable_grad() =
          reference(fmt::format("grad.{}.{}", step, short_of(p.key()))).clone();
  }
};

Rates rates_of(int step, double momentum) {
  return {0.003 * (1 + step % 4), momentum};
}

void take_steps(Optimizer& optimizer, Parameters& parameters, int from, int to, double momentum) {
  for (int step = from; step <= to; ++step) {
    parameters.set_grads(step);
    optimizer.step(rates_of(step, momentum));
  }
}

double difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

}  // namespace

TEST_CASE("every optimizer takes torch.optim's or timm's steps") {
  for (const auto& kind : optimizer_kinds()) {
    const auto parameters_held = std::make_shared<Parameters>();
    auto& parameters = *parameters_held;
    Optimizer optimizer(parameters, {.optimizer = std::string(kind.name), .weight_decay = 0.1});
    const double moves =
        difference(reference("start.conv"), reference(fmt::format("{}.{}.conv", kind.name, steps)));
    CHECK(moves > 0.01);
    for (int step = 1, done = 0; step <= steps; ++step) {
      if (step != 1 && step != 2 && step != 5 && step != 10) continue;
      take_steps(optimizer, parameters, done + 1, step, kind.momentum);
      done = step;
      for (const auto& p : parameters.named_parameters()) {
        INFO(kind.name << ", step " << step << ", " << p.key());
        // Parameters are about 1: this is float32's rounding.
        const double limit = kind.name == "muon" ? 2e-6 : 1e-6;
        CHECK(difference(p.value(), reference(fmt::format("{}.{}.{}", kind.name, step,
                                                          short_of(p.key())))) < limit);
      }
    }
  }
}

TEST_CASE("optimizers follow a momentum that moves") {
  for (const std::string name : {"adamw", "adan"}) {
    const auto parameters_held = std::make_shared<Parameters>();
    auto& parameters = *parameters_held;
    Optimizer optimizer(parameters, {.optimizer = name, .weight_decay = 0.1});
    for (int step = 1; step <= steps; ++step)
      take_steps(optimizer, parameters, step, step, 0.95 - 0.01 * step);
    for (const auto& p : parameters.named_parameters()) {
      INFO(name << ", " << p.key());
      CHECK(difference(p.value(), reference(fmt::format("{}_one_cycle.{}.{}", name, steps,
                                                        short_of(p.key())))) < 1e-6);
    }
  }
}

TEST_CASE("beta2 and eps are the optimizer's own unless they are given") {
  const auto end = [](const TrainingSpec& spec) {
    const auto parameters_held = std::make_shared<Parameters>();
    auto& parameters = *parameters_held;
    Optimizer optimizer(parameters, spec);
    take_steps(optimizer, parameters, 1, 4, 0.9);
    return parameters.named_parameters()["conv"].clone();
  };
  // fastai's constants are adamw's own; torch.optim's are adam's.
  CHECK(end({.weight_decay = 0, .beta2 = 0.99, .eps = 1e-5}).equal(end({.weight_decay = 0})));
  CHECK_FALSE(end({.weight_decay = 0, .beta2 = 0.999}).equal(end({.weight_decay = 0})));
  CHECK(end({.weight_decay = 0, .beta2 = 0.999, .eps = 1e-8})
            .equal(end({.optimizer = "adam", .weight_decay = 0})));
  CHECK_THROWS_AS(end({.optimizer = "adamv"}), Error);
}

TEST_CASE("the state is all that an optimizer remembers") {
  for (const auto& kind : optimizer_kinds()) {
    INFO(kind.name);
    const TrainingSpec spec{.optimizer = std::string(kind.name)};
    const auto whole_held = std::make_shared<Parameters>();
    auto& whole = *whole_held;
    const auto parts_held = std::make_shared<Parameters>();
    auto& parts = *parts_held;
    Optimizer at_once(whole, spec), first(parts, spec);
    take_steps(at_once, whole, 1, steps, 0.9);
    take_steps(first, parts, 1, 3, 0.9);

    const auto resumed_held = std::make_shared<Parameters>();
    auto& resumed = *resumed_held;
    Optimizer second(resumed, spec);
    const auto from = first.state(), to = second.state();
    REQUIRE(from.size() == to.size());
    torch::NoGradGuard no_grad;
    for (std::size_t i = 0; i < from.size(); ++i) {
      REQUIRE(from[i].first == to[i].first);
      to[i].second.copy_(from[i].second);
    }
    for (auto& p : resumed.named_parameters()) p.value().copy_(parts.named_parameters()[p.key()]);
    take_steps(second, resumed, 4, steps, 0.9);
    for (const auto& p : resumed.named_parameters())
      CHECK(p.value().equal(whole.named_parameters()[p.key()]));
  }
}

TEST_CASE("an optimizer that forgets begins anew, but its average does not") {
  for (const auto& kind : optimizer_kinds()) {
    INFO(kind.name);
    const TrainingSpec spec{.optimizer = std::string(kind.name), .ema = 0.9};
    const auto parameters_held = std::make_shared<Parameters>();
    auto& parameters = *parameters_held;
    const auto other_held = std::make_shared<Parameters>();
    auto& other = *other_held;
    Optimizer optimizer(parameters, spec), fresh(other, spec);
    take_steps(optimizer, parameters, 1, 3, 0.9);
    optimizer.forget();
    const auto state = optimizer.state(), begin = fresh.state();
    REQUIRE(state.size() == begin.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      INFO(state[i].first);
      CHECK(state[i].second.equal(begin[i].second) != state[i].first.starts_with("ema."));
    }
  }
}

TEST_CASE("a parameter without a gradient stays as it is, and its count too") {
  for (const auto& kind : optimizer_kinds()) {
    INFO(kind.name);
    const auto parameters_held = std::make_shared<Parameters>();
    auto& parameters = *parameters_held;
    Optimizer optimizer(parameters, {.optimizer = std::string(kind.name), .weight_decay = 0.1});
    parameters.set_grads(1);
    parameters.named_parameters()["head.matrix"].mutable_grad().reset();
    optimizer.step({0.01, 0.9});
    CHECK(parameters.named_parameters()["head.matrix"].equal(reference("start.matrix")));
    CHECK_FALSE(parameters.named_parameters()["conv"].equal(reference("start.conv")));
    for (const auto& [key, tensor] : optimizer.state())
      if (key == "steps.head.matrix") CHECK(tensor.item<double>() == 0);
  }
}

TEST_CASE("a parameter in channels_last takes the same steps") {
  for (const auto& kind : optimizer_kinds()) {
    INFO(kind.name);
    const auto plain_held = std::make_shared<Parameters>();
    auto& plain = *plain_held;
    const auto last_held = std::make_shared<Parameters>();
    auto& last = *last_held;
    for (auto& p : last.parameters())
      if (p.dim() == 4) p.set_data(p.data().contiguous(torch::MemoryFormat::ChannelsLast));
    const TrainingSpec spec{.optimizer = std::string(kind.name), .weight_decay = 0.1};
    Optimizer a(plain, spec), b(last, spec);
    take_steps(a, plain, 1, 5, 0.9);
    take_steps(b, last, 1, 5, 0.9);
    for (const auto& p : plain.named_parameters())
      CHECK(difference(p.value(), last.named_parameters()[p.key()]) < 2e-6);
  }
}

TEST_CASE("gradients are clipped as timm clips them") {
  const auto parameters_held = std::make_shared<Parameters>();
  auto& parameters = *parameters_held;
  const auto check = [&](const std::string& how,
                         void (*clip)(const std::vector<torch::Tensor>&, double), double limit) {
    parameters.set_grads(3);
    clip(parameters.parameters(), limit);
    for (const auto& p : parameters.named_parameters()) {
      INFO(how << ", " << p.key());
      CHECK(difference(p.value().grad(), reference("clip_" + how + "." + short_of(p.key()))) <
            1e-6);
    }
  };
  check("norm", clip_norm, 2);
  check("value", clip_value, 0.5);
  check("agc", clip_adaptive, 0.3);
  // Small ones stay as they are; none at all is no fault.
  parameters.set_grads(1);
  clip_norm(parameters.parameters(), 1000);
  clip_value(parameters.parameters(), 1000);
  clip_adaptive(parameters.parameters(), 1e6);
  for (const auto& p : parameters.named_parameters())
    CHECK(p.value().grad().equal(reference("grad.1." + short_of(p.key()))));
  for (auto& p : parameters.parameters()) p.mutable_grad().reset();
  clip_norm(parameters.parameters(), 1);
  clip_value(parameters.parameters(), 1);
  clip_adaptive(parameters.parameters(), 1);
}

TEST_CASE("the spec clips, adaptively without the classifier, and lamb at 1 at most") {
  const auto grads = [](const TrainingSpec& spec) {
    const auto parameters_held = std::make_shared<Parameters>();
    auto& parameters = *parameters_held;
    Optimizer optimizer(parameters, spec);
    parameters.set_grads(3);
    optimizer.step({0.001, 0.9});
    std::map<std::string, torch::Tensor> all;
    for (const auto& p : parameters.named_parameters()) all[short_of(p.key())] = p.value().grad();
    return all;
  };
  auto adaptive = grads({.clip_grad_agc = 0.3});
  CHECK(difference(adaptive["conv"], reference("clip_agc.conv")) < 1e-6);
  CHECK_FALSE(reference("clip_agc.matrix").equal(reference("grad.3.matrix")));
  CHECK(adaptive["matrix"].equal(reference("grad.3.matrix")));
  CHECK(difference(grads({.clip_grad_value = 0.5})["matrix"], reference("clip_value.matrix")) <
        1e-6);
  CHECK(difference(grads({.clip_grad_norm = 2})["bias"], reference("clip_norm.bias")) < 1e-6);
  const auto lamb = grads({.optimizer = "lamb"})["bias"];
  CHECK(grads({.optimizer = "lamb", .clip_grad_norm = 2})["bias"].equal(lamb));
  CHECK_FALSE(grads({.optimizer = "lamb", .clip_grad_norm = 0.5})["bias"].equal(lamb));
}

namespace {

// timm's example: a linear layer and a batch norm.
struct Averaged : archs::Network {
  Averaged() {
    register_module("0", torch::nn::Linear(4, 3));
    register_module("1", torch::nn::BatchNorm1d(3));
    fill([](int) { return 5; });
  }
  torch::Tensor features(const torch::Tensor& images) override { return images; }
  torch::Tensor head(const torch::Tensor& features) override { return features; }
  int layer_of(std::string_view) const override { return 0; }

  void fill(auto value_of) {
    torch::NoGradGuard no_grad;
    int i = 0;
    for (auto& [key, tensor] : archs::state_dict(*this)) tensor.fill_(value_of(i++));
  }
};

}  // namespace

TEST_CASE("the average of weights is timm's, buffers included") {
  const bool warmup = GENERATE(false, true);
  const auto network_held = std::make_shared<Averaged>();
  auto& network = *network_held;
  WeightAverage average(network, {.ema = 0.9, .ema_warmup = warmup});
  for (int step = 1; step <= steps; ++step) {
    network.fill([&](int i) { return step * (i + 1); });
    average.update();
  }
  const auto weights = archs::state_dict(network);
  CHECK(weights[0].second[0][0].item<double>() == steps);
  average.swap();
  for (const auto& [key, tensor] : weights) {
    INFO(key);
    const auto& timm = reference((warmup ? "ema_warmup." : "ema.") + key);
    CHECK(difference(tensor, timm) < 1e-5);
    CHECK(tensor.scalar_type() == timm.scalar_type());
  }
  average.swap();
  for (std::size_t i = 0; i < weights.size(); ++i)
    CHECK((weights[i].second == double(steps * (i + 1))).all().item<bool>());
}

TEST_CASE("without an average nothing is kept") {
  const auto network_held = std::make_shared<Averaged>();
  auto& network = *network_held;
  WeightAverage average(network, {});
  network.fill([](int) { return 7; });
  average.update();
  average.swap();
  CHECK_FALSE(average.is_on());
  CHECK(average.state().empty());
  CHECK(archs::state_dict(network)[0].second[0][0].item<double>() == 7);
}
