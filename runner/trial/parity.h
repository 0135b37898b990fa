#pragma once

// `archsweep-trial parity [--train | --keys] NAME=GAIN...`: the fields of the parity reference for
// each name, computed from the fill rule, a JSON line a name. --train: losses and gradients of two
// steps of SGD instead; --keys: only what needs no forward.

#include <span>
#include <string>

namespace archsweep::runner {

int parity(std::span<const std::string> names);

}  // namespace archsweep::runner
