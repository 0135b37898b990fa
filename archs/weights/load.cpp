#include "archs/weights/load.h"

#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <torch/nn/functional.h>

#include "archs/network.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::archs {
namespace {

constexpr std::size_t keys_shown = 20;

std::string shape_text(const torch::Tensor& tensor) {
  return fmt::format("[{}]", fmt::join(tensor.sizes().begin(), tensor.sizes().end(), ","));
}

// All but dimension `d` are equal.
bool same_but(const torch::Tensor& a, const torch::Tensor& b, std::int64_t d) {
  if (a.dim() != b.dim() || a.dim() <= d) return false;
  for (std::int64_t i = 0; i < a.dim(); ++i)
    if (i != d && a.size(i) != b.size(i)) return false;
  return true;
}

std::optional<std::int64_t> root(std::int64_t square) {
  const auto side = std::llround(std::sqrt(double(square)));
  if (square <= 0 || side * side != square) return std::nullopt;
  return side;
}

// Tokens that are not of the grid: with the same number left out, both are squares.
std::optional<std::int64_t> prefix_tokens(std::int64_t a, std::int64_t b) {
  for (std::int64_t prefix = 0; prefix < std::min(a, b); ++prefix)
    if (root(a - prefix) && root(b - prefix)) return prefix;
  return std::nullopt;
}

class Fit {
 public:
  Fit(const Network& network, const NamedTensors& tensors, const LoadOptions& options)
      : own_(state_dict(network)),
        given_(tensors.begin(), tensors.end()),
        options_(options),
        classifier_(network.classifier) {
    for (const auto& [key, tensor] : own_) keys_.emplace(key, tensor);
    const auto classes = [&](const auto& state) {
      const auto at = state.find(classifier_ + ".weight");
      return at == state.end() || at->second.dim() == 0 ? 0 : at->second.size(0);
    };
    given_classes_ = classes(given_);
    own_classes_ = classes(keys_);
  }

  void match() {
    for (const auto& [key, tensor] : own_) {
      const auto at = given_.find(key);
      if (at != given_.end())
        match(key, tensor, at->second);
      else if (is_classifier(key, tensor, own_classes_))
        left_out_ = true;
      else if (!key.ends_with(".num_batches_tracked"))
        missing_.push_back(key);
    }
    for (const auto& [key, tensor] : given_)
      if (!keys_.contains(key)) {
        if (is_classifier(key, tensor, given_classes_))
          left_out_ = true;
        else
          unexpected_.push_back(printable(key, 200));
      }
    if (left_out_)
      adapted_.push_back(
          fmt::format("{}: {} classes in the file, {} in the network: left at its initial weights",
                      classifier_, given_classes_, own_classes_));
  }

  // "" when all is well.
  std::string faults() const {
    std::vector<std::string> parts;
    const auto add = [&](const std::vector<std::string>& keys, const char* one, const char* many) {
      if (keys.empty()) return;
      const std::vector<std::string> shown(keys.begin(),
                                           keys.begin() + std::min(keys.size(), keys_shown));
      parts.push_back(fmt::format(
          "{} {} ({}{})", keys.size(), keys.size() == 1 ? one : many, fmt::join(shown, ", "),
          keys.size() > shown.size() ? fmt::format(" and {} more", keys.size() - shown.size())
                                     : ""));
    };
    add(missing_, "key is missing", "keys are missing");
    add(unexpected_, "key is unexpected", "keys are unexpected");
    add(misfits_, "tensor does not fit", "tensors do not fit");
    return fmt::format("{}", fmt::join(parts, "; "));
  }

  std::vector<std::string> copy() {
    const torch::NoGradGuard no_grad;
    for (auto& [to, from] : copies_) to.copy_(from);
    return std::move(adapted_);
  }

 private:
  // Of a second classifier, too: what has a row a class. Only where the counts differ.
  bool is_classifier(const std::string& key, const torch::Tensor& tensor,
                     std::int64_t classes) const {
    if (!options_.other_classes || given_classes_ == own_classes_) return false;
    return key.starts_with(classifier_ + ".") ||
           (classes > 0 && tensor.dim() > 0 && tensor.size(0) == classes);
  }

  void match(const std::string& key, const torch::Tensor& own, const torch::Tensor& given) {
    if (given.is_floating_point() != own.is_floating_point())
      return misfits_.push_back(fmt::format("{} is {} in the file, {} in the network", key,
                                            c10::toString(given.scalar_type()),
                                            c10::toString(own.scalar_type())));
    if (own.sizes() == given.sizes()) return take(own, given);
    if (is_classifier(key, given, given_classes_) && same_but(own, given, 0) &&
        own.size(0) == own_classes_) {
      left_out_ = true;
    } else if (own.dim() == 4 && same_but(own, given, 1) &&
               fits_channels(own.size(1), given.size(1))) {
      // A stem that first turns blocks of pixels into channels sees their sums where in_chans is 1.
      adapted_.push_back(fmt::format("{}: {} input channels in the file, adapted to {}", key,
                                     given.size(1), own.size(1)));
      take(own, adapt_input_conv(given, given.size(1) == 3 ? own.size(1) : 1));
    } else if (const auto prefix =
                   key.ends_with("pos_embed") && own.dim() == 3 && same_but(own, given, 1)
                       ? prefix_tokens(own.size(1), given.size(1))
                       : std::nullopt) {
      const auto from = *root(given.size(1) - *prefix), to = *root(own.size(1) - *prefix);
      adapted_.push_back(
          fmt::format("{}: resized from a grid of {}x{} to {}x{}", key, from, from, to, to));
      take(own, resample_pos_embed(given, to, *prefix));
    } else {
      misfits_.push_back(fmt::format("{} is {} in the file, {} in the network", key,
                                     shape_text(given), shape_text(own)));
    }
  }

  static bool fits_channels(std::int64_t own, std::int64_t given) {
    return given == 3 || given == 3 * own;
  }

  void take(const torch::Tensor& own, const torch::Tensor& given) {
    copies_.emplace_back(own, given);
  }

  const NamedTensors own_;
  const std::map<std::string, torch::Tensor> given_;
  std::map<std::string, torch::Tensor> keys_;
  const LoadOptions& options_;
  const std::string classifier_;
  std::int64_t given_classes_ = 0, own_classes_ = 0;
  bool left_out_ = false;
  std::vector<std::string> missing_, unexpected_, misfits_, adapted_;
  std::vector<std::pair<torch::Tensor, torch::Tensor>> copies_;
};

}  // namespace

torch::Tensor adapt_input_conv(const torch::Tensor& weight, std::int64_t in_chans) {
  const auto wide = weight.to(torch::kFloat32);
  auto adapted = wide;
  if (in_chans == 1) {
    adapted = weight.size(1) == 3
                  ? wide.sum(1, /*keepdim=*/true)
                  : wide.reshape({wide.size(0), -1, 3, wide.size(2), wide.size(3)}).sum(2);
  } else if (in_chans != 3) {
    adapted =
        wide.repeat({1, (in_chans + 2) / 3, 1, 1}).slice(1, 0, in_chans) * (3 / double(in_chans));
  }
  return adapted.to(weight.scalar_type());
}

torch::Tensor resample_pos_embed(const torch::Tensor& embedding, std::int64_t grid,
                                 std::int64_t prefix) {
  namespace F = torch::nn::functional;
  const auto width = embedding.size(2);
  const auto old = *root(embedding.size(1) - prefix);
  auto cells = embedding.slice(1, prefix).to(torch::kFloat32).reshape({1, old, old, width});
  cells =
      F::interpolate(cells.permute({0, 3, 1, 2}), F::InterpolateFuncOptions()
                                                      .size(std::vector<std::int64_t>{grid, grid})
                                                      .mode(torch::kBicubic)
                                                      .align_corners(false)
                                                      .antialias(true));
  cells = cells.permute({0, 2, 3, 1}).reshape({1, grid * grid, width}).to(embedding.scalar_type());
  return torch::cat({embedding.slice(1, 0, prefix), cells}, 1);
}

std::vector<std::string> load_weights(Network& network, const NamedTensors& tensors,
                                      const std::string& name, const LoadOptions& options) {
  Fit fit(network, tensors, options);
  fit.match();
  if (const auto faults = fit.faults(); !faults.empty())
    throw Error(fmt::format("{}: does not fit the network: {}", name, faults));
  return fit.copy();
}

std::vector<std::string> load_weights(Network& network, const std::filesystem::path& file,
                                      const LoadOptions& options) {
  return load_weights(network, read_tensors(file), file.string(), options);
}

}  // namespace archsweep::archs
