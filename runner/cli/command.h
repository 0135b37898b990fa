#pragma once

// A subcommand: a row of the table in commands.cpp. Each is defined in a file of its own.

#include <functional>
#include <span>
#include <string_view>

namespace CLI {
class App;
}

namespace archsweep::cli {

using Action = std::function<int()>;  // returns the exit code; throws Error

inline constexpr int stopped_by_user = 130;  // the exit code that shells have for Ctrl-C

struct Command {
  std::string_view name;
  std::string_view summary;      // one line, for the list of commands
  std::string_view examples;     // shown under --help
  Action (*declare)(CLI::App&);  // adds the arguments; the Action runs after parsing
};

std::span<const Command* const> commands();

}  // namespace archsweep::cli
