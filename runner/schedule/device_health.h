#pragma once

// When a device is to blame rather than its trials: one machine of a published study failed 470 of
// 500 runs. Pure: what happened on each device in, whom to suspect out.

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "results/trial.h"

namespace archsweep::runner {

class DeviceHealth {
 public:
  // A device is suspected after so many quick failures of different trials in a row; 0: never.
  explicit DeviceHealth(int limit) : limit_(limit) {}

  // The trial got somewhere on the device, or the known model did.
  void worked(const std::string& device) { in_a_row_[device].clear(); }
  // Before its first epoch, after so many seconds. What is the trial's own fault (bad data,
  // divergence) or took long says nothing of the device.
  void failed(const std::string& device, std::size_t trial, results::Cause cause, double seconds);

  bool is_suspect(const std::string& device) const;
  // That failed there, in a row, once each.
  const std::vector<std::size_t>& failures(const std::string& device) { return in_a_row_[device]; }

 private:
  int limit_;
  std::map<std::string, std::vector<std::size_t>> in_a_row_;
};

}  // namespace archsweep::runner
