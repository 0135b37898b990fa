// archsweep: parses the command line, runs one subcommand, prints an Error as one line.

#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/cli/command.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

int usage_error(const std::string& message) {
  fmt::print(stderr, "archsweep: {}\n", message);
  return static_cast<int>(Exit::usage);
}

// CLI11 would take an unknown subcommand for a stray argument.
bool known(const std::string& word) {
  for (const Command* command : commands())
    if (command->name == word) return true;
  return false;
}

int run(int argc, char** argv) {
  CLI::App app(
      "Trains every candidate image model that a YAML file names and draws speed against accuracy.",
      "archsweep");
  app.set_version_flag("--version", "archsweep " ARCHSWEEP_VERSION);
  app.require_subcommand(1);
  app.footer("`archsweep COMMAND --help` shows a command's options, with examples.");
  std::vector<std::string> names;
  Action action;
  for (const Command* command : commands()) {
    names.emplace_back(command->name);
    auto* sub = app.add_subcommand(std::string(command->name), std::string(command->summary));
    sub->footer("Examples:\n" + std::string(command->examples));
    sub->callback([&action, act = command->declare(*sub)] { action = act; });
  }
  if (argc > 1 && argv[1][0] != '-' && !known(argv[1]))
    return usage_error(fmt::format("unknown command '{}'{} (archsweep --help lists them)",
                                   printable(argv[1], 80), did_you_mean(argv[1], names)));
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {  // --help, --version
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    return usage_error(fmt::format("{} (archsweep {}--help shows how)", e.what(),
                                   argc > 1 && known(argv[1]) ? argv[1] + std::string(" ") : ""));
  }
  return action();
}

}  // namespace
}  // namespace archsweep::cli

int main(int argc, char** argv) {
  using archsweep::Exit;
  std::signal(SIGPIPE, SIG_DFL);  // `archsweep list | head` ends quietly
  std::signal(SIGXFSZ, SIG_IGN);  // a file over its limit is an error to report
  try {
    const int code = archsweep::cli::run(argc, argv);
    if (std::fflush(stdout) != 0)
      throw archsweep::Error("cannot write the output", Exit::environment);
    return code;
  } catch (const archsweep::Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    fmt::print(stderr, "archsweep: {}\n", e.what());
    return static_cast<int>(Exit::environment);
  }
}
