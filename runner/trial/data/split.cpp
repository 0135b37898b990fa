#include "runner/trial/data/split.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/data/random.h"

namespace archsweep::runner {
namespace {

using Classes = std::vector<std::vector<std::uint32_t>>;

// `wanted` images over the classes in proportion to their sizes: the floors, then one more for the
// largest remainders. A class that has images gets one at least where there are enough to give.
std::vector<std::size_t> quotas(const Classes& classes, std::size_t wanted) {
  std::size_t total = 0, given = 0;
  for (const auto& members : classes) total += members.size();
  std::vector<std::size_t> quota(classes.size());
  std::vector<std::size_t> order;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    quota[c] = std::size_t(double(classes[c].size()) / double(total) * double(wanted));
    if (quota[c] == 0 && !classes[c].empty() && wanted >= classes.size()) quota[c] = 1;
    given += quota[c];
    order.push_back(c);
  }
  const auto remainder = [&](std::size_t c) {
    return double(classes[c].size()) / double(total) * double(wanted) - double(quota[c]);
  };
  while (given != wanted) {
    const bool more = given < wanted;
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return more ? remainder(a) > remainder(b) : remainder(a) < remainder(b);
    });
    for (const std::size_t c : order) {
      if (given == wanted) break;
      if (more ? quota[c] >= classes[c].size() : quota[c] <= 1) continue;
      quota[c] += more ? 1 : -1;
      given += more ? 1 : -1;
    }
  }
  return quota;
}

// The members of each class are in random order already, so a larger subset holds a smaller one.
std::vector<std::uint32_t> take(const Classes& classes, std::int64_t samples, const char* key) {
  std::size_t total = 0;
  for (const auto& members : classes) total += members.size();
  if (samples > 0 && std::size_t(samples) > total)
    throw Error(
        fmt::format("dataset.{}: {} asked for, but there are only {}; ask for fewer or "
                    "leave the key out",
                    key, samples, total));
  if (total == 0) return {};
  const std::size_t wanted = samples > 0 ? std::size_t(samples) : total;
  const std::vector<std::size_t> quota = quotas(classes, wanted);
  std::vector<std::uint32_t> taken;
  for (std::size_t c = 0; c < classes.size(); ++c)
    taken.insert(taken.end(), classes[c].begin(), classes[c].begin() + std::ptrdiff_t(quota[c]));
  std::sort(taken.begin(), taken.end());
  return taken;
}

}  // namespace

Split make_split(const Source& source, const DatasetSpec& spec) {
  const std::size_t count = source.class_names.size();
  Classes train(count), valid(count), either(count);
  for (std::uint32_t i = 0; i < source.labels.size(); ++i) {
    Classes& side = source.parts[i] == Part::train   ? train
                    : source.parts[i] == Part::valid ? valid
                                                     : either;
    side[std::size_t(source.labels[i])].push_back(i);
  }
  for (std::size_t c = 0; c < count; ++c) {
    // A stream a class: a class that is added leaves the split of the others alone.
    Random random(spec.split_seed, c);
    shuffle(train[c], random);
    shuffle(valid[c], random);
    shuffle(either[c], random);
    const std::size_t n = either[c].size();
    if (spec.folds > 0) {
      for (std::size_t i = 0; i < n; ++i)
        // Classes begin in turn with another fold, so that small ones do not all land in the first.
        (int((i + c) % std::size_t(spec.folds)) == spec.fold ? valid : train)[c].push_back(
            either[c][i]);
      continue;
    }
    std::size_t held = std::size_t(std::llround(double(n) * spec.valid_fraction));
    if (n >= 2 && spec.valid_fraction > 0) held = std::clamp<std::size_t>(held, 1, n - 1);
    valid[c].insert(valid[c].end(), either[c].begin(), either[c].begin() + std::ptrdiff_t(held));
    train[c].insert(train[c].end(), either[c].begin() + std::ptrdiff_t(held), either[c].end());
  }
  const auto is_empty = [](const auto& of_class) { return of_class.empty(); };
  if (spec.folds > 0 && std::ranges::all_of(either, is_empty))
    throw Error(
        fmt::format("{}: its images say themselves which are held out, and every fold were "
                    "the same; leave out dataset.folds, or the folders or column that say so",
                    spec.root));
  if (std::ranges::all_of(either, [](const auto& of_class) { return of_class.size() < 2; }) &&
      (std::ranges::all_of(train, is_empty) || std::ranges::all_of(valid, is_empty)))
    throw Error(
        fmt::format("{}: no class has two images, one to train on and one to hold out", spec.root));
  Split split{take(train, spec.train_samples, "train_samples"),
              take(valid, spec.valid_samples, "valid_samples")};
  if (split.valid.empty())
    throw Error(fmt::format("{}: nothing is held out for validation; set dataset.valid_fraction",
                            spec.root));
  if (split.train.empty())
    throw Error(
        fmt::format("{}: nothing is left to train on; lower dataset.valid_fraction", spec.root));
  return split;
}

}  // namespace archsweep::runner
