#pragma once

// What the commands share that go back to what a trial left behind: its weights, its logits.

#include <cstdint>
#include <filesystem>
#include <string>

#include "results/query.h"

namespace archsweep::cli {

struct TrainedTrial {
  std::int64_t number = 0;
  std::string name;  // "pets.db: trial 7 (resnet18)"
  std::string architecture, fingerprint, spec, device, dtype, split_hash;
  int threads = 0;
  int classes = 0;  // 0: it predicts numbers
  double train_seconds = 0;
  std::filesystem::path folder;  // the sweep's output.folder
};

// `files`: the folder, where it has moved; "": where it was. Throws Error: no such trial, nothing
// trained here, not finished.
TrainedTrial trained_trial(const results::Reader& reader, std::int64_t trial,
                           const std::string& files);

}  // namespace archsweep::cli
