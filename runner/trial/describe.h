#pragma once

// Networks described for people (`archsweep show`) and for the table of archs/facts.cpp.

#include <span>
#include <string>

namespace archsweep::runner {

// The module tree of an architecture with shapes and parameters under a head of its facts, or the
// part at `path` ("layer1.0") with the statistics of its fresh parameters.
int show(const std::string& name, const std::string& path);

// Writes rows of archs/facts.cpp, parameters and multiply-accumulates of the names that the globs
// select, on stdout.
int facts(std::span<const std::string> globs);

}  // namespace archsweep::runner
