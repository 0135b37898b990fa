#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include "archs/catalog.h"
#include "runner/cli/command.h"
#include "runner/schedule/worker.h"
#include "runner/support/error.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::string name, path;
};

// The worker knows networks; this process becomes it.
int show(const Options& o) {
  archs::get(o.name);
  const auto worker = runner::find_worker().string();
  std::vector<const char*> words{worker.c_str(), "show", o.name.c_str()};
  if (!o.path.empty()) words.insert(words.end(), {"--path", o.path.c_str()});
  words.push_back(nullptr);
  ::execv(worker.c_str(), const_cast<char* const*>(words.data()));
  throw Error(fmt::format("{}: {}", worker, std::strerror(errno)), Exit::environment);
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
