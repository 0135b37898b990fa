#include <algorithm>
#include <memory>
#include <mutex>
#include <set>
#include <stdexcept>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/trial/data/files.h"
#include "runner/trial/data/source.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t unpacked_limit = std::size_t(16) << 30;
constexpr std::size_t side_limit = 10'000;

// "t10k" and "test" files never match: choosing an architecture by the test set is what a held-out
// split is there to prevent.
fs::path find_part(const fs::path& root, const std::string& what) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator it(root, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.find("train") != std::string::npos && name.find(what) != std::string::npos &&
        name.find("idx") != std::string::npos && name[0] != '.')
      found.push_back(it->path());
  }
  if (error)
    throw Error(fmt::format("{}: {}; set dataset.root to the folder of the IDX files",
                            root.string(), error.message()));
  // The plain file before the packed one of the same name.
  std::sort(found.begin(), found.end());
  if (found.empty())
    throw Error(
        fmt::format("{}: no file like train-{}-idx?-ubyte(.gz); set dataset.root to the "
                    "folder of the IDX files",
                    root.string(), what));
  if (found.size() > 1 && found[1] != found[0].string() + ".gz")
    throw Error(fmt::format("{}: both {} and {} could hold the train {}; leave one of them",
                            root.string(), found[0].filename().string(),
                            found[1].filename().string(), what));
  return found[0];
}

struct Idx {
  std::vector<std::size_t> sizes;
  std::string bytes;
  std::size_t start;  // of the values

  const std::uint8_t* values() const {
    return reinterpret_cast<const std::uint8_t*>(bytes.data()) + start;
  }
};

// Throws std::runtime_error with the reason.
Idx parse_idx(std::string bytes, std::size_t dimensions) {
  const auto* at = reinterpret_cast<const std::uint8_t*>(bytes.data());
  if (bytes.size() < 4 || at[0] != 0 || at[1] != 0)
    throw std::runtime_error("not an IDX file (it must begin with two zero bytes)");
  if (at[2] != 8)
    throw std::runtime_error(
        fmt::format("values of type 0x{:02x}; only bytes (0x08) hold images", at[2]));
  if (at[3] != dimensions)
    throw std::runtime_error(fmt::format("{} dimensions, expected {}", at[3], dimensions));
  Idx idx{{}, {}, 4 + 4 * dimensions};
  if (bytes.size() < idx.start) throw std::runtime_error("the header ends too early");
  std::size_t total = 1;
  for (std::size_t d = 0; d < dimensions; ++d) {
    const std::uint8_t* size = at + 4 + 4 * d;
    idx.sizes.push_back(std::size_t(size[0]) << 24 | std::size_t(size[1]) << 16 |
                        std::size_t(size[2]) << 8 | size[3]);
    if (idx.sizes[d] == 0) throw std::runtime_error("it says that it is empty");
    if (d > 0 && idx.sizes[d] > side_limit)
      throw std::runtime_error(fmt::format("a side of {} pixels is absurd", idx.sizes[d]));
    total *= idx.sizes[d];  // below 2^32 * 10^4 * 10^4: no overflow
  }
  if (bytes.size() - idx.start != total)
    throw std::runtime_error(fmt::format("{} bytes of values, but its header promises {}",
                                         bytes.size() - idx.start, total));
  idx.bytes = std::move(bytes);
  return idx;
}

Idx load_idx(const fs::path& path, std::size_t dimensions, const std::string& packed) {
  try {
    return parse_idx(read_unpacked(packed, unpacked_limit), dimensions);
  } catch (const std::runtime_error& error) {
    throw Error(fmt::format("{}: {}; fetch the file again", path.string(), error.what()));
  }
}

std::string load_file(const fs::path& path) {
  try {
    return read_file(path);
  } catch (const std::runtime_error& error) {
    throw Error(fmt::format("{}: {}", path.string(), error.what()));
  }
}

struct Images {
  fs::path path;
  std::size_t expected;
  std::once_flag once;
  Idx idx;

  // Only a data set that is not in the cache needs the pixels.
  void load() {
    std::call_once(once, [this] {
      idx = load_idx(path, 3, load_file(path));
      if (idx.sizes[0] != expected)
        throw Error(fmt::format("{}: {} images, but {} labels lie beside it; fetch both again",
                                path.string(), idx.sizes[0], expected));
    });
  }
};

}  // namespace

Source open_idx(const fs::path& root) {
  const fs::path labels_path = find_part(root, "labels");
  auto images = std::make_shared<Images>();
  images->path = find_part(root, "images");

  const std::string packed_labels = load_file(labels_path);
  const Idx labels = load_idx(labels_path, 1, packed_labels);
  images->expected = labels.sizes[0];

  Source source;
  source.content = sha256(packed_labels) + sha256(load_file(images->path));
  source.identity = source.content;
  const std::set<int> present(labels.values(), labels.values() + images->expected);
  std::vector<std::int32_t> classes(256);
  for (const int value : present) {
    classes[value] = std::int32_t(source.class_names.size());
    source.class_names.push_back(std::to_string(value));
  }
  for (std::size_t i = 0; i < images->expected; ++i)
    source.labels.push_back(classes[labels.values()[i]]);
  source.parts.assign(images->expected, Part::either);
  source.name = [path = images->path](std::size_t i) {
    return fmt::format("{}[{}]", path.string(), i);
  };
  source.read = [images](std::size_t i, int, int channels) {
    images->load();
    const int height = int(images->idx.sizes[1]), width = int(images->idx.sizes[2]);
    return with_channels(
        View(images->idx.values() + i * std::size_t(width) * height, width, height, 1), channels);
  };
  return source;
}

}  // namespace archsweep::runner
