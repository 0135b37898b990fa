#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "archs/catalog.h"
#include "runner/cli/become_worker.h"
#include "runner/cli/command.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::string name, path;
};

int show(const Options& o) {
  archs::get(o.name);
  std::vector<std::string> words{"show", o.name};
  if (!o.path.empty()) words.insert(words.end(), {"--path", o.path});
  become_worker(words);
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("name", o->name, "Architecture")->required();
  app.add_option("--path", o->path, "Only this part, with statistics of its parameters");
  return [o] { return show(*o); };
}

}  // namespace

extern const Command show_command;
const Command show_command{"show", "An architecture's modules, shapes and parameters",
                           "  archsweep show resnet18 --path layer1.0\n", declare};

}  // namespace archsweep::cli
