#pragma once

// The trained weights that a sweep keeps for `archsweep export`: of every finished trial, or of
// those that no other beats. What to keep follows from the folder and the store, so that a
// scheduler that starts anew decides the same.

#include <filesystem>
#include <string>
#include <vector>

#include "runner/config/config.h"

namespace archsweep::runner {

// Where they are, whether they are there or not.
std::filesystem::path weights_file(const std::filesystem::path& output_folder,
                                   const std::string& fingerprint);

class KeptWeights {
 public:
  explicit KeptWeights(const OutputConfig& output) : output_(output) {}

  // For the worker; "": they are not kept.
  std::string path(const std::string& fingerprint) const;

  // After a trial has finished: removes what is not to be kept any more. Returns a line for each
  // that was, but had no room.
  std::vector<std::string> thin_out() const;

 private:
  const OutputConfig& output_;
};

}  // namespace archsweep::runner
