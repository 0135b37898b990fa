#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "runner/config/document.h"
#include "runner/config/values.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Presets and paths of `dataset:`, whose plain keys are read already; `path` is the config's own.
void settle_dataset(const Node& document, const std::filesystem::path& path,
                    std::span<const AugmentStep> augmentation, Settings& settings, Values& values);

// Faults of keys that a kind does not have; `node` is `dataset:`, kind among its own keys.
void only_keys(const Node& node, std::span<const std::string_view> own, Values& values);

// The same as settle_dataset of kind: table, whose columns are looked up in the file; `node` is
// `dataset:`.
void settle_table(const Node& node, const std::filesystem::path& path, Settings& settings,
                  Values& values);

// The same as settle_table of kind: function.
void settle_function(const Node& node, DatasetSpec& dataset, Values& values);

}  // namespace archsweep::runner
