#pragma once

// Where trials run: the devices of this machine or tasks of Slurm, and which of their places are
// free.

#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runner/config/config.h"

namespace archsweep::runner {

// The device of each slot. Throws Error (Exit::environment) when there is none of the wanted kind.
std::vector<std::string> devices_of_slots(const SchedulerConfig& config);

// Of one trial, when so many run at once.
int threads_of(const SchedulerConfig& config, std::size_t slots);

class Slots {
 public:
  explicit Slots(const SchedulerConfig& config);

  std::size_t size() const { return devices_.size(); }
  const std::string& device(std::size_t slot) const { return devices_[slot]; }
  int threads() const { return threads_; }  // of each slot

  std::optional<std::size_t> free() const;
  bool is_idle(const std::string& device) const;
  // A device that is not to be used until it is opened again.
  void close(const std::string& device) { closed_.insert(device); }
  void open(const std::string& device) { closed_.erase(device); }
  bool all_are_closed() const;
  void take(std::size_t slot) { busy_[slot] = true; }
  void give_back(std::size_t slot) { busy_[slot] = false; }

 private:
  std::vector<std::string> devices_;
  std::vector<bool> busy_;
  std::set<std::string> closed_;
  int threads_;
};

}  // namespace archsweep::runner
