#pragma once

#include <span>
#include <string>

namespace archsweep::cli {

// The worker knows networks: this process becomes it, with these arguments. Throws Error
// (Exit::environment) when there is no worker.
[[noreturn]] void become_worker(std::span<const std::string> arguments);

}  // namespace archsweep::cli
