#include "runner/trial/describe.h"

#include <cstdio>
#include <sstream>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "archs/catalog.h"
#include "archs/network.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/measure/macs.h"

namespace archsweep::runner {
namespace {

std::string shape_of(const torch::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes().begin(), tensor.sizes().end(), ", "));
}

// "torch::nn::Conv2d(3, 64, ...)" and "...::(anonymous namespace)::BlockImpl" without where they
// are from.
std::string kind_of(const torch::nn::Module& module) {
  std::ostringstream out;
  module.pretty_print(out);
  auto text = out.str();
  const auto arguments = text.find('(', text.starts_with("torch::") ? 0 : text.rfind("::"));
  const auto colons = text.rfind("::", arguments);
  if (colons != text.npos) text.erase(0, colons + 2);
  if (text.ends_with("Impl")) text.resize(text.size() - 4);
  return text;
}

void print_tree(const torch::nn::Module& module, const std::string& name, int depth) {
  const int indent = 2 * depth;
  const auto parameters = archs::count_parameters(module);
  fmt::print("{:{}}{}  {}", "", indent, name, kind_of(module));
  if (parameters > 0) fmt::print("  {}", human_count(static_cast<double>(parameters)));
  fmt::print("\n");
  for (const auto& parameter : module.named_parameters(/*recurse=*/false))
    if (parameter.value().defined())
      fmt::print("{:{}}{} {}\n", "", indent + 2, parameter.key(), shape_of(parameter.value()));
  for (const auto& child : module.named_children())
    print_tree(*child.value(), child.key(), depth + 1);
}

void print_statistics(const torch::nn::Module& part) {
  fmt::print("\n{:<40} {:>20} {:>10} {:>10} {:>10} {:>10}\n", "fresh parameter", "shape", "mean",
             "std", "min", "max");
  for (const auto& parameter : part.named_parameters()) {
    if (!parameter.value().defined()) continue;
    const auto wide = parameter.value().to(torch::kFloat64);
    fmt::print("{:<40} {:>20} {:>10.4g} {:>10.4g} {:>10.4g} {:>10.4g}\n", parameter.key(),
               shape_of(wide), wide.mean().item<double>(),
               wide.numel() > 1 ? wide.std().item<double>() : 0, wide.min().item<double>(),
               wide.max().item<double>());
  }
}

std::string test_value(double test, double own) {
  return test > 0 && test != own ? fmt::format(" (test {:g})", test) : "";
}

void print_head(const archs::Entry& entry, archs::Network& network) {
  const auto& p = entry.preprocessing;
  torch::InferenceMode inference;
  network.eval();
  const auto image = torch::zeros({1, 3, p.input_size, p.input_size});
  torch::Tensor features, logits;
  const auto work = count_work([&] {
    features = network.features(image);
    logits = network.head(features);
  });
  fmt::print("{}, family {}\n", entry.name, entry.family);
  fmt::print("  {} parameters, {} multiply-accumulates at {}x{}\n",
             human_count(static_cast<double>(archs::count_parameters(network))),
             human_count(static_cast<double>(work.macs)), p.input_size, p.input_size);
  fmt::print("  features {}, output {}, classifier {}\n", shape_of(features), shape_of(logits),
             network.named_modules().contains(network.classifier) ? network.classifier : "none");
  fmt::print("  input {}{}, {}, crop {:g}{} {}, mean [{:g}], std [{:g}]\n\n", p.input_size,
             test_value(p.test_input_size, p.input_size),
             p.interpolation == archs::Interpolation::bicubic ? "bicubic" : "bilinear", p.crop_pct,
             test_value(p.test_crop_pct, p.crop_pct), p.crop_mode, fmt::join(p.mean, ", "),
             fmt::join(p.std, ", "));
}

}  // namespace

int show(const std::string& name, const std::string& path) {
  const auto& entry = archs::get(name);
  if (entry.input != archs::Input::image)
    throw Error(fmt::format("{} is not for images: its layers follow from the data", name));
  const auto network = archs::build(name);
  std::shared_ptr<torch::nn::Module> part = network;
  for (std::size_t at = 0; at < path.size();) {
    const auto end = std::min(path.find('.', at), path.size());
    const auto children = part->named_children();
    const auto* child = children.find(path.substr(at, end - at));
    if (!child) {
      const auto names = children.keys();
      throw Error(fmt::format("{} has no part '{}'{}", name, printable(path.substr(0, end), 80),
                              names.empty()
                                  ? "; there is nothing below it"
                                  : fmt::format("; there are {}", fmt::join(names, ", "))));
    }
    part = *child;
    at = end + 1;
  }
  if (path.empty()) print_head(entry, *network);
  print_tree(*part, path.empty() ? name : path, 0);
  if (!path.empty()) print_statistics(*part);
  return 0;
}

int facts(std::span<const std::string> globs) {
  for (const auto* entry : archs::select(globs)) {
    torch::InferenceMode inference;
    const auto network = archs::build(entry->name);
    network->eval();
    const int side = entry->preprocessing.input_size;
    const auto work = count_work([&] { network->forward(torch::zeros({1, 3, side, side})); });
    fmt::print("    {{\"{}\", {}, {}}},\n", entry->name, archs::count_parameters(*network),
               work.macs);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace archsweep::runner
