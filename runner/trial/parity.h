#pragma once

// `archsweep-trial parity NAME=GAIN...`: the fields of the parity reference for each name, computed
// from the fill rule, a JSON line a name. `facts` and `show` describe networks the same way.

#include <span>
#include <string>

namespace archsweep::runner {

int parity(std::span<const std::string> names);

// Writes the table of archs/facts.cpp: parameters and multiply-accumulates of the names that the
// globs select, on stdout.
int facts(std::span<const std::string> names);

// The module tree of an architecture with shapes and parameters, or of the part at `path`.
int show(const std::string& name, const std::string& path);

}  // namespace archsweep::runner
