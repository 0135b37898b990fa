#include <memory>
#include <new>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/trial/data/image.h"
#include "runner/trial/data/labels.h"
#include "runner/trial/data/source.h"

namespace archsweep::runner {

Source open_photos(const DatasetSpec& spec) {
  const auto images = std::make_shared<ImageFiles>(list_images(spec.root));
  auto labels = !spec.table.empty()     ? label_by_table(*images, spec)
                : !spec.pattern.empty() ? label_by_name(*images, spec)
                                        : label_by_folder(*images);
  Source source;
  source.class_names = std::move(labels.class_names);
  source.left_out = std::move(labels.left_out);
  Sha256 identity, content;
  identity.add(images->root.string() + '\n');
  auto files = std::make_shared<std::vector<std::uint32_t>>();
  for (const auto& image : labels.images) {
    const auto& file = images->files[image.file];
    const auto line =
        fmt::format("{} {} {} {}\n", file.path, file.size, image.label, int(image.part));
    content.add(line);
    identity.add(fmt::format("{} {}", line, file.stamp));
    source.labels.push_back(image.label);
    source.parts.push_back(image.part);
    if (labels.has_weights) source.weights.push_back(image.weight);
    files->push_back(image.file);
  }
  source.identity = identity.hex();
  source.content = content.hex();
  source.name = [images, files](std::size_t i) { return images->name((*files)[i]); };
  source.read = [images, files](std::size_t i, int side, int channels) {
    try {
      return decode_image(images->read((*files)[i]), side, channels);
    } catch (const std::bad_alloc&) {
      throw Error(fmt::format("{}: not enough memory to decode it", images->name((*files)[i])),
                  Exit::environment);
    }
  };
  return source;
}

}  // namespace archsweep::runner
