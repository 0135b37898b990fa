#include "runner/config/dataset.h"

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "runner/config/config.h"

namespace archsweep::runner {

namespace fs = std::filesystem;

void settle_dataset(const Node& document, const fs::path& path,
                    std::span<const AugmentStep> augmentation, DatasetSpec& d, Values& values) {
  const auto* node = document.find("dataset");
  if (!node)
    return values.fault(path.string() + ":1:1", "'dataset:' is missing: which images to train on");
  const auto& where = node->find("root") ? *node->find("root") : *node;
  if (d.kind.empty()) {
    if (!node->find("kind"))
      values.fault(*node, "dataset.kind is missing: fashion_mnist, mnist, idx or image_folder");
    return;
  }
  const bool fashion = d.kind == "fashion_mnist";
  if (d.root.empty() && fashion)
    d.root = fashion_mnist_folder;
  else if (d.root.empty())
    return values.fault(*node, "dataset.root is missing: the folder of the data");
  else
    d.root = (path.parent_path() / d.root).lexically_normal().string();
  if (!fs::is_directory(d.root))
    values.fault(where, fmt::format("dataset.root: no folder '{}'{}", d.root,
                                    fashion ? " (apt-get install dataset-fashion-mnist)" : ""));
  else
    d.root = fs::canonical(d.root).string();
  if (fashion || d.kind == "mnist") d.kind = "idx";
  if (d.channels == 2) values.fault(*node, "dataset.channels: must be 1 or 3");
  const bool zoomed = std::ranges::any_of(
      augmentation, [](const auto& s) { return s.name == "random_resized_crop"; });
  if (d.stored_size == 0) d.stored_size = zoomed ? (d.image_size * 8 + 6) / 7 : d.image_size;
  if (d.stored_size < d.image_size)
    values.fault(where, "dataset.stored_size: must not be smaller than image_size");
}

}  // namespace archsweep::runner
