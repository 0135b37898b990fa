#include "runner/trial/augment/augment.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

void copy(const View& from, Image& to) {
  to.width = from.width, to.height = from.height, to.channels = from.channels;
  const std::size_t row_bytes = std::size_t(from.width) * from.channels;
  to.pixels.resize(row_bytes * from.height);
  for (int y = 0; y < from.height; ++y)
    std::memcpy(&to.pixels[y * row_bytes], from.pixels + y * from.row_bytes, row_bytes);
}

// The image moved by (dx, dy), with zeros where nothing lies: a crop of the padded image.
void shift(const View& from, int dx, int dy, Image& to) {
  to.width = from.width, to.height = from.height, to.channels = from.channels;
  to.pixels.assign(std::size_t(from.width) * from.height * from.channels, 0);
  const int x = std::max(0, dx), x_end = std::min(from.width, from.width + dx);
  if (x >= x_end) return;
  for (int y = std::max(0, dy); y < std::min(from.height, from.height + dy); ++y)
    std::memcpy(&to.pixels[(std::size_t(y) * to.width + x) * to.channels],
                from.pixels + (y - dy) * from.row_bytes + std::size_t(x - dx) * from.channels,
                std::size_t(x_end - x) * from.channels);
}

void mirror(Image& image) {
  for (int y = 0; y < image.height; ++y) {
    std::uint8_t* row = &image.pixels[std::size_t(y) * image.width * image.channels];
    for (int left = 0, right = image.width - 1; left < right; ++left, --right)
      std::swap_ranges(row + left * image.channels, row + (left + 1) * image.channels,
                       row + right * image.channels);
  }
}

void mirror_vertically(Image& image) {
  const std::size_t row_bytes = std::size_t(image.width) * image.channels;
  for (int top = 0, bottom = image.height - 1; top < bottom; ++top, --bottom)
    std::swap_ranges(&image.pixels[top * row_bytes], &image.pixels[top * row_bytes] + row_bytes,
                     &image.pixels[bottom * row_bytes]);
}

// Of a square: rows become columns.
void transpose(Image& image) {
  const auto pixel = [&](int x, int y) {
    return &image.pixels[(std::size_t(y) * image.width + x) * image.channels];
  };
  for (int y = 0; y < image.height; ++y)
    for (int x = 0; x < y; ++x)
      std::swap_ranges(pixel(x, y), pixel(x, y) + image.channels, pixel(y, x));
}

// As torchvision's: ten tries at an area and a log-uniform ratio, else the largest centred part
// within the ratios. Always the same number of draws would cost nothing and gain nothing: each
// sample has a stream of its own.
View random_part(const View& view, const AugmentValues& v, Random& random) {
  const double area = double(view.width) * view.height;
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * random.uniform(std::min(v[0], v[1]), std::max(v[0], v[1]));
    const double ratio = std::exp(random.uniform(std::log(v[2]), std::log(v[3])));
    const int width = int(std::lround(std::sqrt(target * ratio)));
    const int height = int(std::lround(std::sqrt(target / ratio)));
    if (width < 1 || height < 1 || width > view.width || height > view.height) continue;
    const int x = int(random.below(std::uint64_t(view.width - width) + 1));
    const int y = int(random.below(std::uint64_t(view.height - height) + 1));
    return view.part(x, y, width, height);
  }
  const double ratio =
      std::clamp(double(view.width) / view.height, std::min(v[2], v[3]), std::max(v[2], v[3]));
  const int width = std::clamp(int(std::lround(view.height * ratio)), 1, view.width);
  const int height = std::clamp(int(std::lround(width / ratio)), 1, view.height);
  return view.part((view.width - width) / 2, (view.height - height) / 2, width, height);
}

}  // namespace

Augmenter::Augmenter(const std::vector<AugmentStep>& steps, int image_size)
    : image_size_(image_size) {
  constexpr std::pair<const char*, Kind> kinds[] = {
      {"random_crop", Kind::random_crop},
      {"random_resized_crop", Kind::random_resized_crop},
      {"horizontal_flip", Kind::horizontal_flip},
      {"vertical_flip", Kind::vertical_flip},
      {"dihedral", Kind::dihedral}};
  for (const AugmentStep& step : steps) {
    if (augment_kind(step.name).on_batch) continue;
    const auto kind = std::ranges::find(kinds, step.name, [](const auto& k) { return k.first; });
    if (kind == std::end(kinds)) throw Error("augmentation: no code for " + step.name);
    steps_.push_back({kind->second, augment_values(step)});
  }
}

void Augmenter::apply(const View& stored, Random& random, Scratch& scratch,
                      std::uint8_t* out) const {
  // `view` is what the steps so far have made: the stored image itself, or scratch.image.
  View view = stored;
  const auto own = [&] { return view.pixels == scratch.image.pixels.data(); };
  for (const Step& step : steps_) {
    switch (step.kind) {
      case Kind::random_crop: {
        const auto padding = std::uint64_t(step.values[0]);
        const int dx = int(random.below(2 * padding + 1)) - int(padding);
        const int dy = int(random.below(2 * padding + 1)) - int(padding);
        shift(view, dx, dy, scratch.next);
        std::swap(scratch.image, scratch.next);
        break;
      }
      case Kind::random_resized_crop: {
        const View part = random_part(view, step.values, random);
        scratch.next.width = scratch.next.height = image_size_;
        scratch.next.channels = view.channels;
        scratch.next.pixels.resize(std::size_t(image_size_) * image_size_ * view.channels);
        resize(part, {0, 0, double(part.width), double(part.height)}, image_size_, image_size_,
               scratch.next.pixels.data(), scratch.rows);
        std::swap(scratch.image, scratch.next);
        break;
      }
      case Kind::horizontal_flip:
        if (random.uniform() >= step.values[0]) continue;
        if (!own()) copy(view, scratch.image);
        mirror(scratch.image);
        break;
      case Kind::vertical_flip:
        if (random.uniform() >= step.values[0]) continue;
        if (!own()) copy(view, scratch.image);
        mirror_vertically(scratch.image);
        break;
      case Kind::dihedral: {
        if (random.uniform() >= step.values[0]) continue;
        if (!own()) copy(view, scratch.image);
        const auto symmetry = random.below(8);
        if (symmetry & 1) mirror(scratch.image);
        if (symmetry & 2) mirror_vertically(scratch.image);
        if (symmetry & 4) transpose(scratch.image);  // stored images, and their crops, are squares
        break;
      }
    }
    view = View(scratch.image);
  }
  if (view.width < image_size_ || view.height < image_size_) {
    resize(view, {0, 0, double(view.width), double(view.height)}, image_size_, image_size_, out,
           scratch.rows);
    return;
  }
  const View centre =
      view.part(middle_begins(view.width, image_size_), middle_begins(view.height, image_size_),
                image_size_, image_size_);
  const std::size_t row_bytes = std::size_t(image_size_) * view.channels;
  for (int y = 0; y < image_size_; ++y)
    std::memcpy(out + y * row_bytes, centre.pixels + y * centre.row_bytes, row_bytes);
}

}  // namespace archsweep::runner
