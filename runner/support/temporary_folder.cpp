#include "runner/support/temporary_folder.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep {

TemporaryFolder::TemporaryFolder(const std::string& name, const std::filesystem::path& parent) {
  std::string made = (parent / (name + "-XXXXXX")).string();
  if (!::mkdtemp(made.data()))
    throw Error(fmt::format("{}: cannot be made: {}", made, std::strerror(errno)),
                Exit::environment);
  path_ = made;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace archsweep
