#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <memory>
#include <new>
#include <optional>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/trial/data/files.h"
#include "runner/trial/data/image.h"
#include "runner/trial/data/source.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

bool hidden(const fs::path& path) {
  return path.filename().native().starts_with('.');
}

[[noreturn]] void unreadable(const fs::path& folder, const std::string& why) {
  throw Error(fmt::format("{}: {}; check dataset.root", folder.string(), why));
}

std::vector<std::string> folders_in(const fs::path& parent) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(parent, error), end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (!hidden(it->path()) && it->is_directory(ignored))
      names.push_back(it->path().filename().string());
  }
  if (error) unreadable(parent, error.message());
  std::sort(names.begin(), names.end());  // by bytes: the same in every locale
  return names;
}

std::vector<fs::path> files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  fs::recursive_directory_iterator it(folder, error), end;
  for (; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (hidden(it->path()))
      it.disable_recursion_pending();
    else if (!it->is_directory(ignored))
      files.push_back(it->path());
  }
  if (error) unreadable(folder, error.message());
  std::sort(files.begin(), files.end());
  return files;
}

std::optional<std::string> first_of(const std::vector<std::string>& names,
                                    std::initializer_list<const char*> wanted) {
  for (const char* name : wanted)
    if (std::find(names.begin(), names.end(), name) != names.end()) return name;
  return {};
}

struct Listing {
  fs::path root;
  std::vector<fs::path> files;
  Sha256 identity, content;

  void add(Source& source, const fs::path& folder, std::size_t label, Part part) {
    const std::vector<fs::path> found = files_below(folder);
    if (found.empty() && part != Part::valid)
      throw Error(
          fmt::format("{}: the class folder is empty; add images or remove it", folder.string()));
    for (const fs::path& file : found) {
      struct stat status {};
      ::stat(file.c_str(), &status);
      const std::string line = fmt::format("{} {} {} {}\n", file.lexically_relative(root).string(),
                                           status.st_size, label, int(part));
      content.add(line);
      // A file that has become readable is another file.
      identity.add(fmt::format("{} {}.{} {}", line, status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                               ::access(file.c_str(), R_OK)));
      files.push_back(file);
      source.labels.push_back(std::int32_t(label));
      source.parts.push_back(part);
    }
  }
};

}  // namespace

Source open_image_folder(const fs::path& root) {
  const std::vector<std::string> top = folders_in(root);
  const auto train = first_of(top, {"train"});
  const auto valid = first_of(top, {"val", "valid", "validation"});
  if (valid && !train)
    throw Error(
        fmt::format("{}: it has {}/ but no train/; dataset.root must hold train/CLASS/* "
                    "or CLASS/*",
                    root.string(), *valid));
  const fs::path home = train ? root / *train : root;

  Source source;
  source.class_names = train ? folders_in(home) : top;
  if (source.class_names.empty())
    throw Error(
        fmt::format("{}: no class folders; the layout is CLASS/*.jpg, or train/CLASS/*.jpg "
                    "and val/CLASS/*.jpg",
                    home.string()));
  auto listing = std::make_shared<Listing>();
  listing->root = root;
  listing->identity.add(fs::absolute(root).string() + '\n');
  for (std::size_t c = 0; c < source.class_names.size(); ++c)
    listing->add(source, home / source.class_names[c], c, valid ? Part::train : Part::either);
  if (valid)
    for (const std::string& name : folders_in(root / *valid)) {
      const auto at = std::lower_bound(source.class_names.begin(), source.class_names.end(), name);
      if (at == source.class_names.end() || *at != name)
        throw Error(fmt::format("{}: class {} is not in {}; add it there or remove it",
                                (root / *valid).string(), name, home.string()));
      listing->add(source, root / *valid / name, std::size_t(at - source.class_names.begin()),
                   Part::valid);
    }
  source.identity = listing->identity.hex();
  source.content = listing->content.hex();
  source.name = [listing](std::size_t i) { return listing->files[i].string(); };
  source.read = [listing](std::size_t i, int side, int channels) {
    try {
      return decode_image(read_file(listing->files[i]), side, channels);
    } catch (const std::bad_alloc&) {
      throw Error(fmt::format("{}: not enough memory to decode it", listing->files[i].string()),
                  Exit::environment);
    }
  };
  return source;
}

}  // namespace archsweep::runner
