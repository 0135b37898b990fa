#pragma once

// What a sweep keeps of trials beside the database: trained weights for `archsweep export`, of
// every finished trial or of those that no other beats, and what each says of the validation images
// (runner/trial/logits.h). What to keep follows from the folder and the store, so that a scheduler
// that starts anew decides the same.

#include <filesystem>
#include <string>
#include <vector>

#include "runner/config/config.h"

namespace archsweep::runner {

// Where they are, whether they are there or not.
std::filesystem::path weights_file(const std::filesystem::path& output_folder,
                                   const std::string& fingerprint);
std::filesystem::path logits_file(const std::filesystem::path& output_folder,
                                  const std::string& fingerprint);

class KeptFiles {
 public:
  explicit KeptFiles(const OutputConfig& output) : output_(output) {}

  // For the worker; "": they are not kept.
  std::string weights(const std::string& fingerprint) const;
  std::string logits(const std::string& fingerprint) const;

  // Of a trial that failed: nothing reads them.
  void remove(const std::string& fingerprint) const;

  // After a trial has finished: removes what is not to be kept any more. Returns a line for each
  // that was, but had no room.
  std::vector<std::string> thin_out() const;

 private:
  std::vector<std::string> thin_out_weights() const;
  std::vector<std::string> thin_out_logits() const;

  const OutputConfig& output_;
};

}  // namespace archsweep::runner
