#include "runner/schedule/slots.h"

#include <algorithm>
#include <thread>
#include <utility>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/measure/nvml.h"

namespace archsweep::runner {
namespace {

constexpr std::size_t most_on_a_gpu = 4;  // more gain nothing: they wait for one another

std::vector<Device> devices_of(const SchedulerConfig& config) {
  std::vector<Device> devices;
  for (const auto& name : devices_of_slots(config)) {
    const auto at = std::ranges::find(devices, name, &Device::name);
    if (at == devices.end())
      devices.push_back({.name = name});
    else
      ++at->places;
  }
  if (config.slots == 0 && !config.slurm.is_used)
    for (auto& device : devices)
      if (device.name != "cpu") device.places = most_on_a_gpu, device.is_trusting = false;
  return devices;
}

}  // namespace

std::vector<std::string> devices_of_slots(const SchedulerConfig& config) {
  if (config.slurm.is_used) {  // the first of those that the task was given
    constexpr int usual_tasks = 100;
    const auto count = static_cast<std::size_t>(config.slots > 0 ? config.slots : usual_tasks);
    return std::vector<std::string>(count, config.slurm.gpus == "none" ? "cpu" : "cuda:0");
  }
  const int gpus = config.device == "cpu" ? 0 : gpu_count();
  if (config.device == "cuda" && gpus == 0)
    throw Error(
        "scheduler.device: cuda, but NVIDIA's driver shows no GPU (see nvidia-smi, and "
        "CUDA_VISIBLE_DEVICES)",
        Exit::environment);
  const int count = config.slots > 0 ? config.slots : std::max(1, gpus);
  std::vector<std::string> devices;
  for (int i = 0; i < count; ++i)
    devices.push_back(gpus ? fmt::format("cuda:{}", i % gpus) : "cpu");
  return devices;
}

std::vector<std::string> devices_once(const SchedulerConfig& config) {
  auto devices = devices_of_slots(config);
  if (config.slurm.is_used) return devices;
  std::ranges::sort(devices);
  devices.erase(std::ranges::unique(devices).begin(), devices.end());
  return devices;
}

int threads_of(const SchedulerConfig& config, std::size_t slots) {
  if (config.threads > 0) return config.threads;
  if (config.slurm.is_used) return 4;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency() / slots));
}

Slots::Slots(const SchedulerConfig& config) : Slots(devices_of(config)) {}

Slots::Slots(std::vector<Device> devices) {
  for (auto& device : devices) places_.push_back({.device = std::move(device)});
}

double Slots::taken(std::size_t d) const {
  double sum = 0;
  for (const double need : places_[d].needs) sum += std::isnan(need) ? 0 : need;
  return sum;
}

void Slots::give_back(std::size_t d, double need) {
  auto& needs = places_[d].needs;
  needs.erase(std::ranges::find_if(
      needs, [&](double n) { return n == need || (std::isnan(n) && std::isnan(need)); }));
}

bool Slots::is_any_held() const {
  return std::ranges::any_of(places_, [](const Place& p) { return p.is_held && !p.is_closed; });
}

bool Slots::all_are_closed() const {
  return std::ranges::all_of(places_, &Place::is_closed);
}

// Whether the trial could ever run there: what is too big for all runs on the biggest, and on its
// like, whose free memory differs by little.
bool Slots::is_meant(std::size_t d, double need) const {
  if (places_[d].is_closed) return false;
  if (std::isnan(need) || std::isnan(memory(d)) || need <= memory(d)) return true;
  double most = 0;
  for (const auto& place : places_) {
    if (place.is_closed) continue;
    if (std::isnan(place.device.memory)) return false;
    most = std::max(most, place.device.memory);
  }
  constexpr double like = 0.9;
  return need > most && memory(d) >= like * most;
}

bool Slots::has_room(std::size_t d, double need) const {
  const auto& place = places_[d];
  if (place.is_held || place.needs.size() >= place.device.places || !is_meant(d, need))
    return false;
  if (place.needs.empty()) return true;
  // One that is to run alone does, whatever is known.
  const auto is_alone = [](double n) { return std::isinf(n); };
  if (is_alone(need) || std::ranges::any_of(place.needs, is_alone)) return false;
  const bool is_known = !std::isnan(memory(d)) && !std::isnan(need) &&
                        std::ranges::none_of(place.needs, [](double n) { return std::isnan(n); });
  if (!is_known && !place.device.is_trusting) return false;
  if (std::isnan(memory(d))) return true;
  if (std::isnan(need)) return taken(d) <= memory(d);  // beside one that is too big: never
  return taken(d) + need <= memory(d) && !(need > place.free);
}

std::optional<std::size_t> Slots::Search::place(double need) {
  std::optional<std::size_t> best, next;  // to start on; to wait for
  const auto is_emptier = [&](std::size_t a, std::optional<std::size_t> b) {
    if (!b) return true;
    const auto &x = slots_.places_[a], &y = slots_.places_[*b];
    return std::pair(x.needs.size(), slots_.taken(a)) < std::pair(y.needs.size(), slots_.taken(*b));
  };
  for (std::size_t d = 0; d < slots_.size(); ++d) {
    if (kept_[d] || !slots_.is_meant(d, need)) continue;
    auto& choice = slots_.has_room(d, need) ? best : next;
    if (is_emptier(d, choice)) choice = d;
  }
  if (!best && next) kept_[*next] = true;
  return best;
}

bool Slots::Search::is_over() const {
  for (std::size_t d = 0; d < slots_.size(); ++d) {
    const auto& place = slots_.places_[d];
    if (!kept_[d] && !place.is_held && !place.is_closed && place.needs.size() < place.device.places)
      return false;
  }
  return true;
}

}  // namespace archsweep::runner
