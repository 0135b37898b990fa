#include "runner/schedule/device_health.h"

#include <algorithm>

namespace archsweep::runner {
namespace {

constexpr double quick_seconds = 60;

bool may_be_the_device(results::Cause cause) {
  using results::Cause;
  switch (cause) {
    case Cause::crashed:
    case Cause::killed:
    case Cause::hung:
    case Cause::timeout:
    case Cause::out_of_memory:
      return true;
    case Cause::diverged:
    case Cause::bad_data:
    case Cause::bad_config:
      return false;
  }
  return false;
}

}  // namespace

void DeviceHealth::failed(const std::string& device, std::size_t trial, results::Cause cause,
                          double seconds) {
  // A hang is found late, however early it began.
  if (!may_be_the_device(cause) || (seconds > quick_seconds && cause != results::Cause::hung))
    return;
  // Where else it failed, it was then rather its own fault.
  for (auto& [other, trials] : in_a_row_)
    if (other != device) std::erase(trials, trial);
  auto& trials = in_a_row_[device];
  if (std::ranges::find(trials, trial) == trials.end()) trials.push_back(trial);
}

bool DeviceHealth::is_suspect(const std::string& device) const {
  const auto at = in_a_row_.find(device);
  return limit_ > 0 && at != in_a_row_.end() &&
         at->second.size() >= static_cast<std::size_t>(limit_);
}

}  // namespace archsweep::runner
