#pragma once

// `archsweep-trial parity [--train | --keys] NAME=GAIN...`: the fields of the parity reference for
// each name, computed from the fill rule, a JSON line a name. --train: losses and gradients of two
// steps of SGD instead; --keys: only what needs no forward. `facts` and `show` describe networks.

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
