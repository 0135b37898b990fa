#include "runner/schedule/slots.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <thread>

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

int count_gpus() {
  int count = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/dev", error)) {
    const auto name = entry.path().filename().string();
    count +=
        name.starts_with("nvidia") && name.size() > 6 &&
        std::all_of(name.begin() + 6, name.end(), [](unsigned char c) { return std::isdigit(c); });
  }
  return count;
}

}  // namespace

std::vector<std::string> devices_of_slots(const SchedulerConfig& config) {
  if (config.slurm.is_used) {  // the first of those that the task was given
    constexpr int usual_tasks = 100;
    const auto count = static_cast<std::size_t>(config.slots > 0 ? config.slots : usual_tasks);
    return std::vector<std::string>(count, config.slurm.gpus == "none" ? "cpu" : "cuda:0");
  }
  const int gpus = config.device == "cpu" ? 0 : count_gpus();
  if (config.device == "cuda" && gpus == 0)
    throw Error("scheduler.device: cuda, but this machine has no NVIDIA GPU (/dev/nvidia0)",
                Exit::environment);
  const int count = config.slots > 0 ? config.slots : std::max(1, gpus);
  std::vector<std::string> devices;
  for (int i = 0; i < count; ++i)
    devices.push_back(gpus ? fmt::format("cuda:{}", i % gpus) : "cpu");
  return devices;
}

int threads_of(const SchedulerConfig& config, std::size_t slots) {
  if (config.threads > 0) return config.threads;
  if (config.slurm.is_used) return 4;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency() / slots));
}

Slots::Slots(const SchedulerConfig& config)
    : devices_(devices_of_slots(config)),
      busy_(devices_.size(), false),
      threads_(threads_of(config, devices_.size())) {}

std::optional<std::size_t> Slots::free() const {
  for (std::size_t slot = 0; slot < size(); ++slot)
    if (!busy_[slot] && !closed_.contains(devices_[slot])) return slot;
  return std::nullopt;
}

bool Slots::is_idle(const std::string& device) const {
  for (std::size_t slot = 0; slot < size(); ++slot)
    if (busy_[slot] && devices_[slot] == device) return false;
  return true;
}

bool Slots::all_are_closed() const {
  return std::ranges::all_of(devices_, [&](const auto& d) { return closed_.contains(d); });
}

}  // namespace archsweep::runner
