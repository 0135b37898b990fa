#include "runner/cli/command.h"

namespace archsweep::cli {

extern const Command list_command;

namespace {

// In the order that --help shows them.
constexpr const Command* table[] = {
    &list_command,
};

}  // namespace

std::span<const Command* const> commands() { return table; }

}  // namespace archsweep::cli
