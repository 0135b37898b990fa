#include "runner/trial/train/choose_precision.h"

#include <ATen/cpu/Utils.h>
#include <torch/version.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/clock.h"
#include "runner/support/hash.h"
#include "runner/support/whole_file.h"
#include "runner/trial/device.h"
#include "runner/trial/model.h"
#include "runner/trial/train/grad_scaler.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr int timed_steps = 3;  // of each candidate, after one that warms up
// A candidate that warms up so many times slower is not timed: its steps would cost more than it
// could save.
constexpr double hopeless = 2;
constexpr double infinity = std::numeric_limits<double>::infinity();

bool has_cpu_bfloat16() {
  const auto has = at::cpu::get_cpu_capabilities();
  const auto is = [&](const char* name) {
    const auto at = has.find(name);
    return at != has.end() && at->second.isBool() && at->second.toBool();
  };
  return is("avx512_bf16") || is("amx_bf16") || is("bf16");
}

// Puts the generators back as they were.
class RandomState {
 public:
  explicit RandomState(const torch::Device& device) : generators_(generators(device)) {
    for (const auto& generator : generators_) states_.push_back(generator.get_state());
  }
  ~RandomState() {
    for (std::size_t i = 0; i < states_.size(); ++i) generators_[i].set_state(states_[i]);
  }
  RandomState(const RandomState&) = delete;
  RandomState& operator=(const RandomState&) = delete;

 private:
  std::vector<at::Generator> generators_;
  std::vector<torch::Tensor> states_;
};

// Seconds of one step; nothing where the logits are not finite.
std::optional<double> time_step(Model& model, const torch::Tensor& images,
                                const torch::Tensor& labels) {
  for (auto& parameter : model.network().parameters()) parameter.mutable_grad().reset();
  const GradScaler scaler(model.needs_loss_scaling(), model.device());
  synchronize(model.device());
  const auto before = Clock::now();
  const auto logits = model.forward(images);
  scaler.scale(torch::nn::functional::cross_entropy(logits, labels)).backward();
  synchronize(model.device());
  const double taken = seconds_since(before);
  if (!logits.isfinite().all().item<bool>()) return {};
  return taken;
}

// They take turns, so that a busy machine is busy for all.
PrecisionChoice time_candidates(std::vector<std::string> names, Model& model, const TrialSpec& spec,
                                int batch_size, const std::function<void()>& tell) {
  model.network().train();
  const auto images = model.random_input(
      batch_size, {.channels = spec.dataset.channels, .side = spec.dataset.image_size});
  torch::Tensor labels =
      torch::zeros({batch_size}, torch::TensorOptions(model.device()).dtype(torch::kInt64));
  PrecisionChoice choice{.batch_size = batch_size};
  for (const auto& name : names) choice.seconds.emplace_back(name, results::not_measured);
  double first_warm_up = infinity;
  for (int step = 0; step <= timed_steps; ++step)
    for (auto& [name, best] : choice.seconds) {
      if (step > 0 && std::isinf(best)) continue;
      tell();
      model.set_precision(name);
      const auto seconds = time_step(model, images, labels);
      if (!seconds || (step == 0 && *seconds > hopeless * first_warm_up))
        best = infinity;
      else if (step > 0)
        best = std::fmin(best, *seconds);  // at first it is NaN
      else
        first_warm_up = std::min(first_warm_up, *seconds);
    }
  choice.name = clearly_fastest(choice.seconds);
  return choice;
}

std::string find_precision(Learner& learner, const Job& job, EventSink& events) {
  const auto& spec = job.spec;
  const auto& device = learner.device();
  const auto images = static_cast<int>(learner.dataset().train.size());
  const double steps = double(images) / spec.training.batch_size * spec.training.epochs;
  const auto candidates = precision_candidates(device);
  if (steps < fewest_steps || candidates.size() == 1) return candidates.front();
  fs::path file;
  if (!job.choices.empty()) file = choice_file(job.choices, spec, device, at::get_num_threads());
  if (const auto known = read_choice(file, device); !known.empty()) return known;
  learner.lease().alone();
  auto name = read_choice(file, device);  // whoever had the device before may have found it
  if (name.empty()) {
    int step = 0;
    const auto choice =
        time_precisions([&] { return learner.make_network(); }, spec, device,
                        std::min(learner.micro_batch(), images),
                        [&] { events.send(Progress{.phase = "precision", .step = ++step}); });
    for (const auto& [candidate, seconds] : choice.seconds) {
      if (std::isinf(seconds)) continue;
      events.send(results::Measurement{.kind = "step_in_" + candidate,
                                       .batch_size = choice.batch_size,
                                       .dtype = candidate,
                                       .layout = learner.model().layout(),
                                       .image_size = spec.dataset.image_size,
                                       .seconds = {seconds}});
    }
    if (!file.empty() && !choice.seconds.empty()) write_choice(file, choice);
    name = choice.name;
    free_unused_memory(device);
    reset_peak_memory(device);
  }
  learner.lease().share();
  return name;
}

}  // namespace

void settle_precision(Learner& learner, const Job& job, EventSink& events) {
  const auto& asked = job.spec.training.precision;
  if (asked != "auto") return learner.use_precision(asked);
  learner.use_precision(job.precision.empty() ? find_precision(learner, job, events)
                                              : job.precision);
}

std::vector<std::string> precision_candidates(const torch::Device& device) {
  if (!device.is_cpu()) return {"tf32", "bfloat16", "float16"};
  static const bool bfloat16 = has_cpu_bfloat16();
  return bfloat16 ? std::vector<std::string>{"float32", "bfloat16"}
                  : std::vector<std::string>{"float32"};
}

std::string clearly_fastest(const std::vector<std::pair<std::string, double>>& seconds) {
  auto chosen = seconds.front();
  for (const auto& candidate : seconds)
    if (candidate.second < (1 - clear_gain) * chosen.second) chosen = candidate;
  return chosen.first;
}

PrecisionChoice time_precisions(const std::function<std::shared_ptr<archs::Network>()>& build,
                                const TrialSpec& spec, const torch::Device& device, int batch_size,
                                const std::function<void()>& tell) {
  const auto names = precision_candidates(device);
  const RandomState before(device);
  for (;; batch_size = (batch_size + 1) / 2) {
    try {
      Model model(build(), spec.training, device);
      return time_candidates(names, model, spec, batch_size, tell);
    } catch (const std::exception& e) {
      if (!is_out_of_memory(e) || batch_size == 1) throw;
    }
    free_unused_memory(device);  // only now is everything free that the failed step held
  }
}

fs::path choice_file(const fs::path& folder, const TrialSpec& spec, const torch::Device& device,
                     int threads) {
  const auto& t = spec.training;
  const auto about = describe(device, threads);
  const auto key =
      fmt::format("{}|{}|{}|{}|{}|{}|{}|{}|{}|{}", spec.architecture, spec.dataset.image_size,
                  spec.dataset.channels, t.batch_size, t.micro_batch, t.layout, about.device_name,
                  about.driver, threads, TORCH_VERSION);
  return folder / fmt::format("{}-{}.json", spec.architecture, sha256(key).substr(0, 12));
}

std::string read_choice(const fs::path& file, const torch::Device& device) {
  const auto json = nlohmann::json::parse(content_of(file), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("precision")) return "";
  for (const auto& name : precision_candidates(device))
    if (json["precision"] == name) return name;
  return "";
}

// Nothing depends on it but that the next trial measures again.
void write_choice(const fs::path& file, const PrecisionChoice& choice) {
  std::error_code ignored;
  fs::create_directories(file.parent_path(), ignored);
  const nlohmann::ordered_json json{{"precision", choice.name}, {"step_seconds", choice.seconds}};
  replace_file(file, json.dump() + "\n");
}

}  // namespace archsweep::runner
