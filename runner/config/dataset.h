#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runner/config/document.h"
#include "runner/config/values.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

// Presets and paths of `dataset:`, whose plain keys are read already; `path` is the config's own.
void settle_dataset(const Node& document, const std::filesystem::path& path,
                    std::span<const AugmentStep> augmentation, Settings& settings, Values& values);

// The same of kind: table, whose columns are looked up in the file; `node` is `dataset:`.
void settle_table(const Node& node, const std::filesystem::path& path, Settings& settings,
                  Values& values);

// Why a network cannot have these hidden layers (training.hidden); or "".
std::string hidden_fault(std::string_view architecture, const std::vector<int>& hidden);

// The same as settle_table of kind: function.
void settle_function(const Node& node, DatasetSpec& dataset, Values& values);

}  // namespace archsweep::runner
