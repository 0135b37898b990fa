#pragma once

// The folder of checkpoints, and the room that they may take.

#include <filesystem>
#include <string>

#include "runner/config/config.h"

namespace archsweep::runner {

class Checkpoints {
 public:
  explicit Checkpoints(const OutputConfig& output);

  std::filesystem::path path(const std::string& fingerprint) const;
  bool has(const std::string& fingerprint) const;
  void remove(const std::string& fingerprint) const;

  double used() const;  // bytes of all of them
  // The most they may take: as configured, else half of what they and the free space are together.
  double limit() const;

 private:
  std::filesystem::path folder_;
  double configured_;
};

}  // namespace archsweep::runner
