#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "archs/catalog.h"
#include "runner/cli/command.h"
#include "runner/support/error.h"

namespace archsweep::cli {
namespace {

Action declare(CLI::App& app) {
  auto globs = std::make_shared<std::vector<std::string>>();
  app.add_option("glob", *globs, "Names to show: * ? [abc]; several are a union, '!' excludes");
  return [globs] {
    for (const auto* entry : archs::select(*globs)) fmt::print("{}\n", entry->name);
    return 0;
  };
}

}  // namespace

extern const Command list_command;
const Command list_command{"list", "Architectures that can be trained, by timm's names",
                           "  archsweep list 'convnext*' '!*_ols'\n", declare};

}  // namespace archsweep::cli
