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

std::int64_t count_parameters(const torch::nn::Module& module) {
  std::int64_t count = 0;
  for (const auto& parameter : module.parameters())
    if (parameter.defined()) count += parameter.numel();
  return count;
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
          {"num_params", count_parameters(network)},
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
                 {"macs", count_macs([&] { network->forward(input.slice(0, 0, 1)); })}});
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

const archs::Entry& find(const std::string& name) {
  const auto* entry = archs::find(name);
  if (!entry) throw Error(fmt::format("unknown architecture '{}'{}", name, archs::suggest(name)));
  return *entry;
}

void print_tree(const torch::nn::Module& module, const std::string& name, int depth) {
  const auto parameters = count_parameters(module);
  fmt::print("{:{}}{}{}{}", "", 2 * depth, name, name.empty() ? "" : "  ", module.name());
  if (parameters > 0) fmt::print("  {:L} parameters", parameters);
  fmt::print("\n");
  for (const auto& parameter : module.named_parameters(/*recurse=*/false))
    if (parameter.value().defined())
      fmt::print("{:{}}{} {}\n", "", 2 * depth + 2, parameter.key(), shape_text(parameter.value()));
  for (const auto& child : module.named_children())
    print_tree(*child.value(), child.key(), depth + 1);
}

}  // namespace

int parity(std::span<const std::string> arguments) {
  const std::string mode = !arguments.empty() && arguments[0].starts_with("--") ? arguments[0] : "";
  if (!mode.empty() && mode != "--train" && mode != "--keys")
    throw Error(fmt::format("parity: unknown option '{}': --train or --keys", mode));
  for (const auto& argument : arguments.subspan(mode.empty() ? 0 : 1)) {
    const auto equals = argument.find('=');
    const auto& entry = find(argument.substr(0, equals));
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

int facts(std::span<const std::string> globs) {
  for (const auto* entry : archs::select(globs)) {
    torch::InferenceMode inference;
    const auto network = archs::build(entry->name);
    network->eval();
    const auto input = torch::zeros({1, 3, input_side(*entry), input_side(*entry)});
    const auto macs = count_macs([&] { network->forward(input); });
    fmt::print("    {{\"{}\", {}, {}}},\n", entry->name, count_parameters(*network), macs);
    std::fflush(stdout);
  }
  return 0;
}

int show(const std::string& name, const std::string& path) {
  const auto& entry = find(name);
  const auto network = archs::build(name);
  std::shared_ptr<torch::nn::Module> part = network;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('.', at), path.size());
    const auto child = part->named_children().find(path.substr(at, end - at));
    if (!child) throw Error(fmt::format("{} has no part '{}'", name, path.substr(0, end)));
    part = *child;
    at = end + 1;
  }
  const auto& p = entry.preprocessing;
  if (path.empty())
    fmt::print(
        "{}: family {}, input {}x{}, crop {}, mean [{}], std [{}], classifier {}, {} features\n",
        name, entry.family, p.input_size, p.input_size, p.crop_pct, fmt::join(p.mean, ", "),
        fmt::join(p.std, ", "), network->classifier, network->num_features);
  print_tree(*part, path.empty() ? name : path, 0);
  if (!path.empty())
    for (const auto& parameter : part->named_parameters()) {
      const auto wide = parameter.value().to(torch::kFloat64);
      fmt::print("{}: mean {:.4g}, std {:.4g}, min {:.4g}, max {:.4g}\n", parameter.key(),
                 wide.mean().item<double>(), wide.numel() > 1 ? wide.std().item<double>() : 0,
                 wide.min().item<double>(), wide.max().item<double>());
    }
  return 0;
}

}  // namespace archsweep::runner
