#include "runner/cli/become_worker.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "runner/schedule/worker.h"
#include "runner/support/error.h"

namespace archsweep::cli {

void become_worker(std::span<const std::string> arguments) {
  const auto worker = runner::find_worker().string();
  std::vector<const char*> words{worker.c_str()};
  for (const auto& argument : arguments) words.push_back(argument.c_str());
  words.push_back(nullptr);
  ::execv(worker.c_str(), const_cast<char* const*>(words.data()));
  throw Error(fmt::format("{}: {}", worker, std::strerror(errno)), Exit::environment);
}

}  // namespace archsweep::cli
