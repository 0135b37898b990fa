#pragma once

// What a benchmark of an exported network is, from the folder's config.json.

#include <filesystem>

#include "runner/trial/spec.h"

namespace archsweep::cli {

// Architecture, shape, precision and layout. Throws Error: not a folder of `archsweep export`.
runner::TrialSpec spec_of_export(const std::filesystem::path& folder);

}  // namespace archsweep::cli
