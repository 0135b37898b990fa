#include "runner/trial/data/labels.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <regex>
#include <set>
#include <string_view>
#include <unordered_map>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/files.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

// "train/cat/1.jpg" -> "train", "cat/1.jpg"; a file at the root has no first folder.
std::pair<std::string_view, std::string_view> first_folder(std::string_view path) {
  const auto slash = path.find('/');
  if (slash == path.npos) return {{}, path};
  return {path.substr(0, slash), path.substr(slash + 1)};
}

// The lines of a text file that name images: Pets' "Abyssinian_100 1 1 1", or a path a line.
std::vector<std::pair<std::string, std::size_t>> names_in(const std::string& file) {
  std::string text;
  try {
    text = read_file(file);
  } catch (const std::runtime_error& error) {
    throw Error(fmt::format("{}: {}", file, error.what()));
  }
  std::vector<std::pair<std::string, std::size_t>> names;
  std::size_t number = 0;
  for (const auto& line : split(text, '\n')) {
    ++number;
    const auto begin = line.find_first_not_of(" \t\r");
    if (begin == line.npos || line[begin] == '#') continue;
    names.emplace_back(line.substr(begin, line.find_first_of(" \t\r,", begin) - begin), number);
  }
  if (names.empty()) throw Error(fmt::format("{}: names no image", file));
  return names;
}

// A list may name an image by its path, its name or its name without the ending.
std::map<std::string, std::vector<std::uint32_t>> by_every_name(const ImageFiles& images) {
  std::map<std::string, std::vector<std::uint32_t>> places;
  for (std::uint32_t i = 0; i < images.files.size(); ++i) {
    const fs::path path = images.files[i].path;
    const std::set<std::string> names{path.string(), path.filename().string(),
                                      fs::path(path).replace_extension().string()};
    for (const auto& name : names) places[name].push_back(i);
    if (looks_like_an_image(path.string()) && !names.contains(path.stem().string()))
      places[path.stem().string()].push_back(i);
  }
  return places;
}

// For every image the part that the lists say; none for those that they do not name.
std::vector<std::optional<Part>> parts_by_list(const ImageFiles& images, const DatasetSpec& spec) {
  const bool both = !spec.train_list.empty() && !spec.valid_list.empty();
  if (spec.train_list.empty() && spec.valid_list.empty())
    return std::vector<std::optional<Part>>(images.files.size(), Part::either);
  // With one list for validation alone, the rest is for training.
  std::vector<std::optional<Part>> parts(images.files.size());
  if (spec.train_list.empty()) parts.assign(parts.size(), Part::train);
  const auto places = by_every_name(images);
  for (const auto& [file, part] : {std::pair{spec.train_list, both ? Part::train : Part::either},
                                   std::pair{spec.valid_list, Part::valid}}) {
    if (file.empty()) continue;
    for (const auto& [name, line] : names_in(file)) {
      const auto at = places.find(name);
      if (at == places.end())
        throw Error(fmt::format("{}:{}: no image '{}' in {}", file, line, printable(name, 200),
                                images.root.string()));
      // Of Abyssinian_100.jpg and Abyssinian_100.mat the image is meant.
      std::vector<std::uint32_t> meant;
      std::ranges::copy_if(at->second, std::back_inserter(meant), [&](std::uint32_t i) {
        return looks_like_an_image(images.files[i].path);
      });
      if (meant.size() > 1)
        throw Error(fmt::format("{}:{}: '{}' may be {} or {}; write the path", file, line,
                                printable(name, 200), images.files[meant[0]].path,
                                images.files[meant[1]].path));
      for (const auto i : meant) {
        if (part == Part::valid && parts[i] && both)
          throw Error(fmt::format("{}:{}: '{}' is in {} too; an image belongs to one part", file,
                                  line, printable(name, 200), spec.train_list));
        parts[i] = part;
      }
    }
  }
  return parts;
}

}  // namespace

void number_classes(Labels& labels, const std::vector<std::string>& classes) {
  const std::set<std::string> present(classes.begin(), classes.end());
  labels.class_names.assign(present.begin(), present.end());
  for (std::size_t i = 0; i < labels.images.size(); ++i) {
    const auto at = std::ranges::lower_bound(labels.class_names, classes[i]);
    labels.images[i].label = static_cast<std::int32_t>(at - labels.class_names.begin());
  }
}

Labels label_by_folder(const ImageFiles& images) {
  std::set<std::string> top;
  for (const auto& file : images.files)
    if (const auto [folder, rest] = first_folder(file.path); !folder.empty()) top.emplace(folder);
  for (const auto& folder : images.empty_folders) top.emplace(first_folder(folder + "/").first);
  const bool train = top.contains("train");
  std::string valid;
  for (const auto* name : {"val", "valid", "validation"})
    if (valid.empty() && top.contains(name)) valid = name;
  const auto root = images.root.string();
  if (!valid.empty() && !train)
    throw Error(
        fmt::format("{}: it has {}/ but no train/; dataset.root must hold train/CLASS/* or "
                    "CLASS/*",
                    root, valid));
  const auto home = train ? root + "/train" : root;

  Labels labels;
  std::vector<std::string> classes;
  std::set<std::string> trained;
  for (std::uint32_t i = 0; i < images.files.size(); ++i) {
    auto [folder, rest] = first_folder(images.files[i].path);
    auto part = Part::either;
    if (train) {
      if (folder != "train" && folder != valid) continue;
      part = valid.empty() ? Part::either : folder == valid ? Part::valid : Part::train;
      std::tie(folder, rest) = first_folder(rest);
    }
    if (folder.empty()) continue;  // a note beside the folders
    if (part != Part::valid) trained.emplace(folder);
    labels.images.push_back({i, 0, part});
    classes.emplace_back(folder);
  }
  for (const auto& folder : images.empty_folders) {
    auto [first, rest] = first_folder(folder);
    const bool of_class = train ? first == "train" && rest.find('/') == rest.npos : first.empty();
    if (of_class && rest != "train")
      throw Error(fmt::format("{}: the class folder is empty; add images or remove it",
                              root + "/" + folder));
  }
  if (trained.empty())
    throw Error(fmt::format(
        "{}: no class folders; the layout is CLASS/*.jpg, or train/CLASS/*.jpg and val/CLASS/*.jpg",
        home));
  for (std::size_t i = 0; i < classes.size(); ++i)
    if (!trained.contains(classes[i]))
      throw Error(fmt::format("{}: class {} is not in {}; add it there or remove it",
                              root + "/" + valid, classes[i], home));
  number_classes(labels, classes);
  return labels;
}

Labels label_by_name(const ImageFiles& images, const DatasetSpec& spec) {
  const std::regex pattern(spec.pattern);  // the config reader has compiled it before
  const auto parts = parts_by_list(images, spec);
  Labels labels;
  std::vector<std::string> classes;
  for (std::uint32_t i = 0; i < images.files.size(); ++i) {
    if (!parts[i]) continue;
    const auto name = fs::path(images.files[i].path).filename().string();
    std::smatch match;
    if (!std::regex_search(name, match, pattern) || !match[1].matched || match[1].length() == 0) {
      if (looks_like_an_image(name))
        labels.left_out.push_back(images.name(i) + ": its name does not match dataset.pattern");
      continue;
    }
    labels.images.push_back({i, 0, *parts[i]});
    classes.push_back(match[1]);
  }
  if (labels.images.empty())
    throw Error(fmt::format(
        "{}: none of {} files matches dataset.pattern '{}'{}", images.root.string(),
        images.files.size(), spec.pattern,
        images.files.empty() ? "" : fmt::format("; one is named {}", images.files[0].path)));
  number_classes(labels, classes);
  return labels;
}

}  // namespace archsweep::runner
