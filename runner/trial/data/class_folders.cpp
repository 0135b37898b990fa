#include "runner/trial/data/class_folders.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/imagenet.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

bool natural(const std::string& a, const std::string& b) {
  return natural_less(lower_case(a), lower_case(b));
}

bool is_image(const fs::path& path) {
  const auto extension = lower_case(path.extension().string());
  return extension == ".png" || extension == ".jpg" || extension == ".jpeg";
}

// Links are followed.
std::vector<fs::path> images_below(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code error, ignored;
  fs::recursive_directory_iterator it(folder, fs::directory_options::follow_directory_symlink,
                                      error),
      end;
  for (; !error && it != end; it.increment(error))
    if (is_image(it->path()) && !it->is_directory(ignored)) found.push_back(it->path());
  if (error)
    throw Error(fmt::format("{}: {}", folder.string(), error.message()), Exit::environment);
  std::ranges::sort(found, natural, [](const fs::path& path) { return path.string(); });
  return found;
}

std::vector<std::string> folders_in(const fs::path& parent) {
  std::vector<std::string> names;
  std::error_code error, ignored;
  for (fs::directory_iterator it(parent, error), end; !error && it != end; it.increment(error))
    if (it->is_directory(ignored) && !it->path().filename().native().starts_with('.'))
      names.push_back(it->path().filename().string());
  if (error) throw Error(fmt::format("{}: {}", parent.string(), error.message()));
  if (names.empty())
    throw Error(fmt::format("{}: no class folders; the layout is CLASS/*.jpg", parent.string()));
  std::ranges::sort(names, natural);
  return names;
}

std::map<std::string, int> read_class_map(const fs::path& path) {
  std::ifstream file(path);
  if (!file) throw Error(fmt::format("{}: cannot read the class map", path.string()));
  std::map<std::string, int> classes;
  int number = 0;
  for (std::string line; std::getline(file, line); ++number) {
    const auto last = line.find_last_not_of(" \t\r");
    if (last == line.npos) continue;
    const auto first = line.find_first_not_of(" \t");
    if (!classes.emplace(line.substr(first, last - first + 1), number).second)
      throw Error(
          fmt::format("{}:{}: '{}' occurs twice", path.string(), number + 1, printable(line, 100)));
  }
  return classes;
}

// The class of each folder; a folder without one is left out.
std::vector<std::optional<int>> classes_of(const std::vector<std::string>& names,
                                           const fs::path& class_map, int network_classes,
                                           std::vector<std::string>& notes) {
  std::vector<std::optional<int>> classes;
  const int count = int(names.size());
  if (!class_map.empty()) {
    const auto map = read_class_map(class_map);
    int left_out = 0;
    for (const auto& name : names) {
      const auto at = map.find(name);
      classes.push_back(at == map.end() ? std::nullopt : std::optional(at->second));
      left_out += at == map.end();
    }
    if (left_out > 0)
      notes.push_back(fmt::format("{} of {} folders are not in {} and are left out", left_out,
                                  count, class_map.string()));
    return classes;
  }
  if (count < network_classes && network_classes == 1000) {
    for (const auto& name : names) classes.push_back(imagenet_class(name));
    if (std::ranges::all_of(classes, [](const auto& c) { return c.has_value(); })) {
      notes.push_back(fmt::format(
          "{} folders with ImageNet's WordNet names: taken for those of the 1,000 classes", count));
      return classes;
    }
    classes.clear();
  }
  if (count != network_classes)
    notes.push_back(
        fmt::format("{} folders for a network of {} classes: folder {} is taken for class 0, {} "
                    "for class {}; a --class-map would say otherwise",
                    count, network_classes, names.front(), names.back(), count - 1));
  for (int i = 0; i < count; ++i) classes.emplace_back(i);
  return classes;
}

}  // namespace

ClassFolders read_class_folders(const fs::path& folder, const fs::path& class_map,
                                int network_classes) {
  ClassFolders all;
  const auto names = folders_in(folder);
  const auto classes = classes_of(names, class_map, network_classes, all.notes);
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (!classes[i]) continue;
    if (*classes[i] >= network_classes)
      throw Error(fmt::format("{}: folder {} is class {}, but the network has {} classes",
                              folder.string(), names[i], *classes[i], network_classes));
    for (auto& file : images_below(folder / names[i])) {
      all.files.push_back(std::move(file));
      all.labels.push_back(*classes[i]);
    }
  }
  if (all.files.empty())
    throw Error(
        fmt::format("{}: no .png, .jpg or .jpeg files in its class folders", folder.string()));
  return all;
}

}  // namespace archsweep::runner
