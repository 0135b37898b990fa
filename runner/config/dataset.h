#pragma once

#include <filesystem>
#include <span>

#include "runner/config/document.h"
#include "runner/config/values.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Presets and paths of `dataset:`, whose plain keys are read already; `path` is the config's own.
void settle_dataset(const Node& document, const std::filesystem::path& path,
                    std::span<const AugmentStep> augmentation, DatasetSpec& dataset,
                    Values& values);

}  // namespace archsweep::runner
