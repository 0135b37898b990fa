#include <array>
#include <memory>
#include <mutex>
#include <stdexcept>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/text.h"
#include "runner/trial/data/files.h"
#include "runner/trial/data/source.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr int side = 32;
constexpr std::size_t plane = side * side, pixels = 3 * plane;

// The binary version: records of a label (CIFAR-100: a coarse one before it) and three planes.
struct Variant {
  const char* kind;
  const char* folder;  // as the archive unpacks
  std::vector<const char*> files;
  const char* names;  // of the classes, one a line
  std::size_t classes, label_bytes;
};
const Variant variants[] = {
    {"cifar10",
     "cifar-10-batches-bin",
     {"data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin",
      "data_batch_5.bin"},
     "batches.meta.txt",
     10,
     1},
    {"cifar100", "cifar-100-binary", {"train.bin"}, "fine_label_names.txt", 100, 2},
};

std::string load(const fs::path& path) {
  try {
    return read_file(path);
  } catch (const std::runtime_error& error) {
    throw Error(fmt::format("{}: {}", path.string(), error.what()));
  }
}

std::vector<std::string> class_names(const fs::path& file, std::size_t classes) {
  std::vector<std::string> names;
  std::error_code none;
  if (fs::exists(file, none))
    for (const auto& line : split(load(file), '\n'))
      if (const auto end = line.find_last_not_of(" \t\r"); end != line.npos)
        names.push_back(printable(std::string_view(line).substr(0, end + 1), 100));
  if (!names.empty() && names.size() != classes)
    throw Error(fmt::format("{}: {} names, expected {}", file.string(), names.size(), classes));
  for (std::size_t c = names.size(); c < classes; ++c) names.push_back(std::to_string(c));
  return names;
}

}  // namespace

Source open_cifar(const fs::path& root, const std::string& kind) {
  const auto& variant = kind == variants[0].kind ? variants[0] : variants[1];
  std::error_code none;
  const auto home = fs::exists(root / variant.folder, none) ? root / variant.folder : root;
  const std::size_t record = variant.label_bytes + pixels;
  const auto records = std::make_shared<std::string>();
  Source source;
  Sha256 content;
  std::vector<std::pair<std::size_t, std::string>> starts;  // first image of each file
  for (const auto* name : variant.files) {
    const auto path = home / name;
    const auto bytes = load(path);
    if (bytes.empty() || bytes.size() % record != 0)
      throw Error(
          fmt::format("{}: {} bytes are no whole number of records of {}; it is the binary "
                      "version, unpacked, that is read; fetch the file again",
                      path.string(), bytes.size(), record));
    starts.emplace_back(source.labels.size(), path.string());
    for (std::size_t at = 0; at < bytes.size(); at += record) {
      const auto label = static_cast<unsigned char>(bytes[at + variant.label_bytes - 1]);
      if (label >= variant.classes)
        throw Error(fmt::format("{}: label {} at byte {}; there are {} classes", path.string(),
                                label, at, variant.classes));
      source.labels.push_back(label);
    }
    content.add(bytes);
    *records += bytes;
  }
  source.content = source.identity = content.hex();
  source.class_names = class_names(home / variant.names, variant.classes);
  source.parts.assign(source.labels.size(), Part::either);
  source.name = [starts](std::size_t i) {
    auto at = starts.rbegin();
    while (at->first > i) ++at;
    return fmt::format("{}[{}]", at->second, i - at->first);
  };
  source.read = [records, record](std::size_t i, int, int channels) {
    const auto* planes =
        reinterpret_cast<const std::uint8_t*>(records->data()) + (i + 1) * record - pixels;
    std::array<std::uint8_t, pixels> image;
    for (std::size_t p = 0; p < plane; ++p)
      for (std::size_t c = 0; c < 3; ++c) image[3 * p + c] = planes[c * plane + p];
    return with_channels(View(image.data(), side, side, 3), channels);
  };
  return source;
}

}  // namespace archsweep::runner
