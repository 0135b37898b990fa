#pragma once

// The folder of checkpoints, and the room that they may take. It is read once: from then on it
// changes by the workers of this scheduler, after whom is looked, and by remove().

#include <filesystem>
#include <string>
#include <unordered_map>

#include "runner/config/config.h"

namespace archsweep::runner {

class Checkpoints {
 public:
  explicit Checkpoints(const OutputConfig& output);

  std::filesystem::path path(const std::string& fingerprint) const;
  bool has(const std::string& fingerprint) const;
  double bytes(const std::string& fingerprint) const;  // 0: none, or another one's file
  void look_at(const std::string& fingerprint);        // a worker may have written it
  void remove(const std::string& fingerprint);
  // Gives one trial's checkpoint to another as well, which a plan only notes; false: it cannot.
  bool share(const std::string& fingerprint, const std::string& with, bool is_plan);

  double used() const { return used_; }  // bytes of all of them
  // The most they may take: as configured, else half of what they and the free space are together.
  double limit() const;

 private:
  std::filesystem::path folder_;
  double configured_;
  std::unordered_map<std::string, double> bytes_;  // by file name; 0: it is another one's file
  double used_ = 0;
};

}  // namespace archsweep::runner
