#include "runner/trial/data/dataset.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string_view>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/trial/data/cache.h"
#include "runner/trial/data/function.h"
#include "runner/trial/data/source.h"
#include "runner/trial/data/split.h"
#include "runner/trial/data/table.h"

namespace archsweep::runner {
namespace {

// What a data set owns; the pixels are the mapping's.
struct Storage {
  std::shared_ptr<const void> mapping;
  std::vector<std::int32_t> labels;
  std::vector<float> weights;
};

std::string hash_split(const Source& source, const std::vector<std::uint32_t>& wanted,
                       const Dataset& dataset) {
  Sha256 hash;
  hash.add(source.content);
  for (const std::string& name : dataset.class_names) hash.add(name + '\n');
  for (const auto* side : {&dataset.train, &dataset.valid}) {
    for (const std::uint32_t i : *side) hash.add(fmt::format("{} ", wanted[i]));
    hash.add("\n");
  }
  if (dataset.weights)
    for (const std::uint32_t i : dataset.train) hash.add(fmt::format("{} ", dataset.weight(i)));
  return hash.hex();
}

void check_classes(const Dataset& dataset, const std::string& root) {
  std::vector<bool> seen(std::size_t(dataset.classes));
  for (const std::uint32_t i : dataset.train) seen[std::size_t(dataset.label(i))] = true;
  if (dataset.train.empty() || dataset.valid.empty())
    throw Error(fmt::format("{}: no readable image is left to {}", root,
                            dataset.train.empty() ? "train on" : "validate with"));
  if (std::ranges::all_of(dataset.train, [&](auto i) { return dataset.weight(i) == 0; }))
    throw Error(
        fmt::format("{}: every image to train on has weight 0; see dataset.weight_column", root));
  for (std::size_t c = 0; c < seen.size(); ++c)
    if (!seen[c])
      throw Error(
          fmt::format("{}: class {} has no readable image to train on; add images, remove the "
                      "class or raise dataset.train_samples",
                      root, dataset.class_names[c]));
}

}  // namespace

Dataset open_dataset(const DatasetSpec& spec, const std::filesystem::path& cache_folder,
                     const DataProgress& progress, const CacheRules& rules) {
  if (spec.kind == "table") return open_table(spec);
  if (spec.kind == "function") return open_function(spec);
  const Source source = spec.kind == "idx"               ? open_idx(spec.root)
                        : spec.kind.starts_with("cifar") ? open_cifar(spec.root, spec.kind)
                                                         : open_photos(spec);
  if (!source.left_out.empty() && spec.bad_images == "fail")
    throw Error(fmt::format("{} ({} such in all); mend it, or set dataset.bad_images: skip",
                            source.left_out[0], source.left_out.size()));
  if (source.class_names.size() < 2)
    throw Error(fmt::format("{}: only one class ({}); a classifier needs two at least", spec.root,
                            source.class_names.empty() ? "none" : source.class_names[0]));
  const Split split = make_split(source, spec);
  std::vector<std::uint32_t> wanted;
  std::merge(split.train.begin(), split.train.end(), split.valid.begin(), split.valid.end(),
             std::back_inserter(wanted));
  const Cached cached = open_cache(source, spec, wanted, cache_folder, progress, rules);
  if (!cached.bad.empty() && spec.bad_images == "fail") {
    const auto& [place, why] = cached.bad[0];
    throw Error(
        fmt::format("{}: {} ({} unreadable in all); mend or remove it, or set "
                    "dataset.bad_images: skip",
                    source.name(wanted[place]), why, cached.bad.size()));
  }

  auto storage = std::make_shared<Storage>();
  storage->mapping = cached.mapping;
  for (const std::uint32_t i : wanted) {
    storage->labels.push_back(source.labels[i]);
    if (!source.weights.empty()) storage->weights.push_back(source.weights[i]);
  }
  Dataset dataset;
  dataset.classes = int(source.class_names.size());
  dataset.class_names = source.class_names;
  dataset.side = spec.stored_size;
  dataset.channels = spec.channels;
  dataset.pixels = cached.pixels;
  dataset.labels = storage->labels.data();
  if (!source.weights.empty()) dataset.weights = storage->weights.data();
  dataset.count = wanted.size();
  dataset.storage = storage;
  dataset.name = [name = source.name, wanted](std::size_t i) { return name(wanted[i]); };

  dataset.cache_file = cached.file;
  dataset.bad_files = source.left_out;
  std::vector<bool> bad(wanted.size());
  for (const auto& [place, why] : cached.bad) {
    bad[place] = true;
    dataset.bad_files.push_back(fmt::format("{}: {}", source.name(wanted[place]), why));
  }
  // Both sides are in ascending order, and so is `wanted`.
  const auto places = [&](const std::vector<std::uint32_t>& side) {
    std::vector<std::uint32_t> found;
    std::size_t place = 0;
    for (const std::uint32_t i : side) {
      while (wanted[place] != i) ++place;
      if (!bad[place]) found.push_back(std::uint32_t(place));
    }
    return found;
  };
  dataset.train = places(split.train);
  dataset.valid = places(split.valid);
  check_classes(dataset, spec.root);
  dataset.split_hash = hash_split(source, wanted, dataset);
  return dataset;
}

std::vector<std::string> shared_images(const Dataset& dataset) {
  if (dataset.has_rows()) return {};  // equal rows are common, and no mistake
  const auto bytes_of = [&](std::size_t i) {
    const auto image = dataset.image(i);
    return std::string_view(reinterpret_cast<const char*>(image.data()), image.size());
  };
  std::unordered_multimap<std::size_t, std::uint32_t> trained;
  for (const auto i : dataset.train) trained.emplace(std::hash<std::string_view>{}(bytes_of(i)), i);
  std::vector<std::string> shared;
  for (const auto i : dataset.valid) {
    const auto [begin, end] = trained.equal_range(std::hash<std::string_view>{}(bytes_of(i)));
    const auto same =
        std::find_if(begin, end, [&](const auto& t) { return bytes_of(t.second) == bytes_of(i); });
    if (same != end)
      shared.push_back(fmt::format("{} = {}", dataset.name(i), dataset.name(same->second)));
  }
  return shared;
}

}  // namespace archsweep::runner
