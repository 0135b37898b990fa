#include "runner/config/dataset.h"

#include <algorithm>
#include <regex>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "runner/config/config.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

// A data set that people know by name: how it is read, and where to get it.
struct Preset {
  std::string_view name, kind;
  const char* root;     // "": must be named
  const char* folder;   // within the root, where it is there
  const char* pattern;  // of labels in names
  const char* how;      // to get it, and how it then lies in dataset.root
};
constexpr Preset presets[] = {
    {"fashion_mnist", "idx", fashion_mnist_folder, "", "", "apt-get install dataset-fashion-mnist"},
    {"mnist", "idx", "", "", "",
     "fetch train-images-idx3-ubyte.gz and train-labels-idx1-ubyte.gz from "
     "https://ossci-datasets.s3.amazonaws.com/mnist/ into it"},
    {"cifar10", "cifar10", "", "", "",
     "unpack https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz there, so that it holds "
     "cifar-10-batches-bin/data_batch_1.bin"},
    {"cifar100", "cifar100", "", "", "",
     "unpack https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz there, so that it holds "
     "cifar-100-binary/train.bin"},
    {"oxford_pets", "image_folder", "", "images", R"(^(.*)_\d+\.jpg$)",
     "unpack https://www.robots.ox.ac.uk/~vgg/data/pets/data/images.tar.gz there, so that it holds "
     "images/Abyssinian_1.jpg"},
};

// A file that the config names: from the root of the data, or from the config's own folder.
std::string find_file(const std::string& name, const fs::path& root, const fs::path& config) {
  std::error_code none;
  for (const auto& folder : {root, config.parent_path()})
    if (const auto file = folder / name; fs::is_regular_file(file, none))
      return fs::canonical(file).string();
  return "";
}

class Settling {
 public:
  Settling(const Node& node, const fs::path& path, DatasetSpec& d, Values& values)
      : node_(node), path_(path), d_(d), values_(values) {}

  void root() {
    const auto preset = std::ranges::find(presets, d_.kind, &Preset::name);
    const auto* known = preset == std::end(presets) ? nullptr : preset;
    if (known && d_.root.empty()) d_.root = known->root;
    if (d_.root.empty() && !d_.table.empty())
      d_.root = (path_.parent_path() / d_.table).parent_path().string();
    if (d_.root.empty())
      return values_.fault(node_, fmt::format("dataset.root is missing: the folder of the data{}",
                                              known ? fmt::format("; {}", known->how) : ""));
    d_.root = (path_.parent_path() / d_.root).lexically_normal().string();
    const bool may_be_file =
        d_.kind == "image_folder" || d_.kind == "oxford_pets" || d_.kind == "csv";
    if (!fs::is_directory(d_.root) && !(may_be_file && fs::is_regular_file(d_.root)))
      return values_.fault(where("root"),
                           fmt::format("dataset.root: no folder '{}'{}", d_.root,
                                       known ? fmt::format("; {}", known->how) : ""));
    if (known) {
      d_.kind = known->kind;
      if (d_.pattern.empty()) d_.pattern = known->pattern;
      if (*known->folder && fs::is_directory(fs::path(d_.root) / known->folder))
        d_.root = (fs::path(d_.root) / known->folder).string();
    }
    d_.root = fs::canonical(d_.root).string();
  }

  void labels() {
    const bool photos = d_.kind == "image_folder";
    for (const auto& [key, value] : {std::pair{"pattern", &d_.pattern},
                                     {"train_list", &d_.train_list},
                                     {"valid_list", &d_.valid_list}})
      if (!value->empty() && !photos)
        values_.fault(
            where(key),
            fmt::format("dataset.{}: only images of a folder have one; kind is {}", key, d_.kind));
    for (const auto& [key, value] : {std::pair{"table", &d_.table},
                                     {"path_column", &d_.path_column},
                                     {"label_column", &d_.label_column},
                                     {"split_column", &d_.split_column},
                                     {"weight_column", &d_.weight_column}})
      if (!value->empty() && d_.kind != "csv")
        values_.fault(where(key), fmt::format("dataset.{}: only kind: csv has one", key));
    if (d_.kind == "csv" && d_.table.empty() && find_file("labels.csv", d_.root, path_).empty())
      values_.fault(node_,
                    "dataset.table is missing: a CSV or TSV file with columns path and label");
    else if (d_.kind == "csv" && d_.table.empty())
      d_.table = "labels.csv";
    for (const auto& [key, value] : {std::pair{"table", &d_.table},
                                     {"train_list", &d_.train_list},
                                     {"valid_list", &d_.valid_list}}) {
      if (value->empty()) continue;
      auto found = find_file(*value, d_.root, path_);
      if (found.empty())
        values_.fault(where(key), fmt::format("dataset.{}: no file '{}' in {} or beside the config",
                                              key, *value, d_.root));
      else
        *value = std::move(found);
    }
    if (d_.pattern.empty()) {
      if (!d_.train_list.empty() || !d_.valid_list.empty())
        values_.fault(where(d_.train_list.empty() ? "valid_list" : "train_list"),
                      "dataset: lists go with a pattern that tells the class from a name");
      return;
    }
    try {
      if (std::regex(d_.pattern).mark_count() == 0)
        values_.fault(
            where("pattern"),
            R"(dataset.pattern: no group in parentheses tells the class; such as '^(.*)_\d+\.jpg$')");
    } catch (const std::regex_error& error) {
      values_.fault(where("pattern"),
                    fmt::format("dataset.pattern: no regular expression: {}", error.what()));
    }
  }

  void split() {
    if (d_.valid_fraction < 0.001 && d_.kind != "table")
      values_.fault(where("valid_fraction"),
                    fmt::format("dataset.valid_fraction: must be from 0.001 to 0.9, not {:g}",
                                d_.valid_fraction));
    if (d_.folds == 0 && d_.fold == 0) return;
    if (d_.folds < 2)
      values_.fault(where("folds"), "dataset.folds: must be 2 or more, of which fold is held out");
    else if (d_.fold >= d_.folds)
      values_.fault(where("fold"), fmt::format("dataset.fold: must be from 0 to {}", d_.folds - 1));
    if (node_.find("valid_fraction"))
      values_.fault(where("valid_fraction"),
                    "dataset.valid_fraction: with folds it is 1 / folds; leave one out");
  }

  void size(std::span<const AugmentStep> augmentation) {
    if (d_.channels == 2) values_.fault(node_, "dataset.channels: must be 1 or 3");
    const bool zoomed = std::ranges::any_of(
        augmentation, [](const auto& s) { return s.name == "random_resized_crop"; });
    if (d_.stored_size == 0) d_.stored_size = zoomed ? (d_.image_size * 8 + 6) / 7 : d_.image_size;
    if (d_.stored_size < d_.image_size)
      values_.fault(where("root"), "dataset.stored_size: must not be smaller than image_size");
  }

 private:
  const Node& where(const char* key) const {
    const auto* node = node_.find(key);
    return node ? *node : node_;
  }

  const Node& node_;
  const fs::path& path_;
  DatasetSpec& d_;
  Values& values_;
};

}  // namespace

void only_keys(const Node& node, std::span<const std::string_view> own, Values& values) {
  Settings any;
  const auto all = keys(any);
  for (const auto& [key, value] : node.members)
    if (std::ranges::find(own, key.text) == own.end() &&
        std::ranges::count(all, "dataset." + key.text, &Key::path))  // the rest is refused already
      values.fault(key,
                   fmt::format("dataset.{}: kind: {} has none{}", key.text, node.find("kind")->text,
                               key.text == "root" ? "; say path" : ""));
}

void settle_dataset(const Node& document, const fs::path& path,
                    std::span<const AugmentStep> augmentation, Settings& settings, Values& values) {
  auto& d = settings.dataset;
  const auto* node = document.find("dataset");
  if (!node)
    return values.fault(path.string() + ":1:1", "'dataset:' is missing: which images to train on");
  if (d.kind.empty()) {
    if (!node->find("kind"))
      values.fault(*node,
                   "dataset.kind is missing: fashion_mnist, oxford_pets, image_folder, csv ...");
    return;
  }
  // Defaults that the other kinds do not have.
  if (d.kind != "table") d.missing.clear(), d.normalize.clear();
  if (d.kind != "function") d.points = 0;
  const bool is_images = d.kind != "table" && d.kind != "function";
  if (!is_images && !augmentation.empty())
    values.fault(*document.find("augmentation"), "augmentation: only images have one");
  if (d.kind == "function") return settle_function(*node, d, values);
  Settling settling(*node, path, d, values);
  if (d.kind == "table") {
    settling.split();
    return settle_table(*node, path, settings, values);
  }
  for (const char* key :
       {"path", "target", "categorical", "continuous", "ignore", "missing", "log", "normalize"})
    if (const auto* found = node->find(key))
      values.fault(*found, fmt::format("dataset.{}: only kind: table has one", key));
  for (const char* key : {"expression", "points", "noise", "seed"})
    if (const auto* found = node->find(key))
      values.fault(*found, fmt::format("dataset.{}: only kind: function has one", key));
  settling.root();
  settling.labels();
  settling.split();
  settling.size(augmentation);
}

}  // namespace archsweep::runner
