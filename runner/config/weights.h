#pragma once

#include <filesystem>
#include <string>

#include "runner/config/config.h"

namespace archsweep::runner {

// Makes the path in the candidate's training.weights absolute, from the config's own folder.
// Returns what is wrong with the weights: no such file, or none of timm's for the architecture; ""
// if nothing.
std::string settle_weights(Candidate& candidate, const std::filesystem::path& folder);

}  // namespace archsweep::runner
