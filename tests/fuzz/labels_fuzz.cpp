// Any text as a table of labels, and as a list of images: every label has a class and every image a
// file, or an Error.

#include <cmath>

#include "runner/support/error.h"
#include "runner/trial/data/labels.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;
using namespace archsweep::runner;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const fuzz::Folder folder;
  static const ImageFiles images{
      .root = folder.path,
      .files = {{"a/x_1.jpg", 1, ""}, {"a/x_2.jpg", 1, ""}, {"b/y_1.jpg", 1, ""}},
      .empty_folders = {},
      .read = {}};
  folder.write("text", fuzz::text(bytes, size));
  DatasetSpec table, list;
  table.table = list.train_list = (folder.path / "text").string();
  list.pattern = "^(.)_";
  const auto check = [](auto&& labelled) {
    try {
      const Labels labels = labelled();
      for (const auto& image : labels.images) {
        fuzz::require(image.file < images.files.size(), "an image has a file");
        fuzz::require(image.weight >= 0 && std::isfinite(image.weight), "a weight is 0 or more");
        fuzz::require(std::size_t(image.label) < labels.class_names.size(), "a label has a class");
      }
    } catch (const Error&) {
    }
  };
  check([&] { return label_by_table(images, table); });
  check([&] { return label_by_name(images, list); });
  return 0;
}
