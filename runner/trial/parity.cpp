#include "runner/trial/parity.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "archs/catalog.h"
#include "archs/network.h"
#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/trial/fill.h"
#include "runner/trial/measure/macs.h"

namespace archsweep::runner {
namespace {

std::string shape_text(const torch::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes().begin(), tensor.sizes().end(), ","));
}

std::string dtype_text(const torch::Tensor& tensor) {
  switch (tensor.scalar_type()) {
    case torch::kFloat32:
      return "float32";
    case torch::kInt64:
      return "int64";
    case torch::kBool:
      return "bool";
    default:
      return c10::toString(tensor.scalar_type());
  }
}

// SHA-256 of the sorted lines `key [shape] dtype`.
std::string state_hash(const std::vector<std::pair<std::string, torch::Tensor>>& state) {
  std::vector<std::string> lines;
  for (const auto& [key, tensor] : state)
    lines.push_back(fmt::format("{} {} {}\n", key, shape_text(tensor), dtype_text(tensor)));
  std::ranges::sort(lines);
  return sha256(fmt::format("{}", fmt::join(lines, "")));
}

// Nine digits, as the reference has them.
std::vector<double> values(const torch::Tensor& tensor) {
  const auto flat = tensor.detach().to(torch::kFloat64).contiguous();
  return {flat.data_ptr<double>(), flat.data_ptr<double>() + flat.numel()};
}

double probe(const torch::Tensor& sample, std::uint64_t offset) {
  const Uniform u("logits.probe");
  double sum = 0;
  for (const double value : values(sample.flatten())) sum += value * u(offset++);
  return sum;
}

int input_side(const archs::Entry& entry) {
  return entry.preprocessing.input_size;
}

std::shared_ptr<archs::Network> filled(const archs::Entry& entry, double gain) {
  auto network = archs::build(entry.name);
  const torch::NoGradGuard no_grad;
  fill(*network, gain);
  return network;
}

// What can be told without running the network.
nlohmann::json keys_record(const archs::Entry& entry, const archs::Network& network) {
  const auto state = archs::state_dict(network);
  return {{"name", entry.name},
          {"num_params", archs::count_parameters(network)},
          {"num_state_entries", state.size()},
          {"state_sha256", state_hash(state)}};
}

nlohmann::json parity_record(const archs::Entry& entry, double gain) {
  torch::InferenceMode inference;
  const auto network = filled(entry, gain);
  network->eval();
  const auto input = fill_input(3, input_side(entry));
  const auto features = network->features(input);
  const auto logits = network->forward(input);
  const auto per_sample = logits.numel() / 2;
  const auto first = [&](int sample) {
    return values(logits[sample].flatten().slice(0, 0, std::min<std::int64_t>(16, per_sample)));
  };
  const auto wide = logits.to(torch::kFloat64);
  const auto work = count_work([&] { network->forward(input.slice(0, 0, 1)); });
  auto record = keys_record(entry, *network);
  record.update({{"output_shape", logits.sizes().vec()},
                 {"logits0", first(0)},
                 {"logits1", first(1)},
                 {"logits_mean", wide.mean().item<double>()},
                 {"logits_std", wide.std().item<double>()},
                 {"logits_l2", wide.norm().item<double>()},
                 {"logits_probe", {probe(logits[0], 0), probe(logits[1], per_sample)}},
                 {"feature_shape", features.sizes().vec()},
                 {"feature_l2", features.to(torch::kFloat64).norm().item<double>()},
                 {"macs", work.macs},
                 {"activations", work.activations}});
  return record;
}

double squares(const torch::Tensor& tensor) {
  return tensor.to(torch::kFloat64).square().sum().item<double>();
}

// Two steps of plain SGD on the two filled images.
nlohmann::json train_record(const archs::Entry& entry, double gain) {
  constexpr double learning_rate = 1e-3;
  const auto network = filled(entry, gain);
  network->train();
  const auto input = fill_input(3, input_side(entry));
  const auto labels = torch::tensor({1, 2}, torch::kInt64);
  std::vector<double> losses;
  double grad_norm = 0;
  for (int step = 0; step < 3; ++step) {
    const auto loss = torch::cross_entropy_loss(network->forward(input), labels);
    losses.push_back(loss.item<double>());
    if (step == 2) break;
    network->zero_grad();
    loss.backward();
    const torch::NoGradGuard no_grad;
    double sum = 0;
    for (auto& parameter : network->parameters()) {
      if (!parameter.grad().defined()) continue;
      sum += squares(parameter.grad());
      parameter.sub_(parameter.grad(), learning_rate);
    }
    if (step == 0) grad_norm = std::sqrt(sum);
  }
  double running = 0;
  for (const auto& [key, tensor] : archs::state_dict(*network))
    if (key.ends_with("running_mean") || key.ends_with("running_var")) running += squares(tensor);
  return {{"name", entry.name},
          {"losses", losses},
          {"grad_norm", grad_norm},
          {"running_stats_l2", std::sqrt(running)}};
}

}  // namespace

int parity(std::span<const std::string> arguments) {
  const std::string mode = !arguments.empty() && arguments[0].starts_with("--") ? arguments[0] : "";
  if (!mode.empty() && mode != "--train" && mode != "--keys")
    throw Error(fmt::format("parity: unknown option '{}': --train or --keys", mode));
  for (const auto& argument : arguments.subspan(mode.empty() ? 0 : 1)) {
    const auto equals = argument.find('=');
    const auto& entry = archs::get(argument.substr(0, equals));
    double gain = 1;
    if (equals != argument.npos) {
      char* end = nullptr;
      gain = std::strtod(argument.c_str() + equals + 1, &end);
      if (end == argument.c_str() + equals + 1 || *end != '\0' || !std::isfinite(gain))
        throw Error(fmt::format("'{}': the gain is not a number", argument));
    }
    const auto record = mode == "--train"  ? train_record(entry, gain)
                        : mode == "--keys" ? keys_record(entry, *archs::build(entry.name))
                                           : parity_record(entry, gain);
    fmt::print("{}\n", record.dump());
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace archsweep::runner
