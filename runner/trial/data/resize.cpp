#include "runner/trial/data/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace archsweep::runner {
namespace {

constexpr int weight_bits = 22;  // 8 bits of pixel and 22 of weight fit in 32

// For each output position: where its inputs begin, how many there are, and their weights.
struct Filter {
  int taps;  // room for weights an output
  std::vector<int> first, count;
  std::vector<std::int32_t> weights;
};

double triangle(double x) {
  return std::max(0.0, 1 - std::abs(x));
}

// Keys's cubic with a = -1/2.
double cubic(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return -0.5 * (((x - 5) * x + 8) * x - 4);
  return 0;
}

// In the order of Pillow's operations: another order may round another way.
Filter make_filter(int in, double begin, double length, int out,
                   archs::Interpolation interpolation) {
  const bool bicubic = interpolation == archs::Interpolation::bicubic;
  const double scale = length / out, widening = std::max(scale, 1.0), narrowing = 1 / widening;
  const double support = (bicubic ? 2 : 1) * widening;
  Filter filter{int(std::ceil(support)) * 2 + 1, {}, {}, {}};
  filter.weights.resize(std::size_t(filter.taps) * out);
  std::vector<double> exact(filter.taps);
  for (int i = 0; i < out; ++i) {
    const double centre = begin + (i + 0.5) * scale;
    const int first = std::clamp(int(centre - support + 0.5), 0, in - 1);
    const int last = std::clamp(int(centre + support + 0.5), first + 1, in);
    double sum = 0;
    for (int k = 0; k < last - first; ++k) {
      const double x = (first + k - centre + 0.5) * narrowing;
      exact[k] = bicubic ? cubic(x) : triangle(x);
      sum += exact[k];
    }
    if (sum == 0) exact[0] = sum = 1;
    for (int k = 0; k < last - first; ++k)
      filter.weights[std::size_t(i) * filter.taps + k] =
          std::int32_t(std::lround(exact[k] / sum * (1 << weight_bits)));
    filter.first.push_back(first);
    filter.count.push_back(last - first);
  }
  return filter;
}

std::uint8_t rounded(std::int32_t sum) {
  return std::uint8_t(std::clamp(sum >> weight_bits, 0, 255));
}

// The loops below once more for processors with AVX2; which is run is found out at the start.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
#define FOR_EACH_PROCESSOR __attribute__((target_clones("avx2", "default")))
#else
#define FOR_EACH_PROCESSOR
#endif

// The inputs that some output needs: [first, end).
struct Range {
  int first, end;
  explicit Range(const Filter& filter) : first(filter.first.front()), end(0) {
    for (std::size_t i = 0; i < filter.first.size(); ++i) {
      first = std::min(first, filter.first[i]);
      end = std::max(end, filter.first[i] + filter.count[i]);
    }
  }
  int size() const { return end - first; }
};

// Every row of the view, which begins at column `first` of what the filter is for, to `out`.
FOR_EACH_PROCESSOR void resize_grey_rows(const View& view, int first, const Filter& filter,
                                         std::uint8_t* out) {
  const int width = int(filter.first.size());
  for (int y = 0; y < view.height; ++y) {
    const std::uint8_t* row = view.pixels + std::size_t(y) * view.row_bytes;
    for (int x = 0; x < width; ++x) {
      const std::int32_t* weight = &filter.weights[std::size_t(x) * filter.taps];
      const std::uint8_t* in = row + filter.first[x] - first;
      std::int32_t sum = 1 << (weight_bits - 1);
      for (int k = 0; k < filter.count[x]; ++k) sum += in[k] * weight[k];
      *out++ = rounded(sum);
    }
  }
}

// A pixel of two rows, with a lane to spare in each: what processors multiply at once.
using Lanes [[gnu::vector_size(32)]] = std::int32_t;

// Pixels of three bytes to four and back, each `step` bytes from the one before. The last by
// itself: four bytes would reach over its end.
inline void spread(const std::uint8_t* from, std::size_t count, std::uint8_t* to) {
  for (std::size_t x = 0; x + 1 < count; ++x, from += 3, to += 8) std::memcpy(to, from, 4);
  std::memcpy(to, from, 3);
}
inline void gather(const std::uint8_t* from, std::size_t count, std::uint8_t* to) {
  for (std::size_t x = 0; x + 1 < count; ++x, from += 8, to += 3) std::memcpy(to, from, 4);
  std::memcpy(to, from, 3);
}

FOR_EACH_PROCESSOR void resize_colour_rows(const View& view, int first, const Filter& filter,
                                           std::uint8_t* out) {
  const std::size_t width = filter.first.size();
  const std::size_t view_width = std::size_t(view.width);
  std::vector<std::int32_t> wide(view_width * 8), made(width * 8);
  std::vector<std::uint8_t> bytes(std::max(view_width, width) * 8);
  for (int y = 0; y < view.height; y += 2) {
    const int rows = std::min(2, view.height - y);
    for (int r = 0; r < rows; ++r)
      spread(view.pixels + std::size_t(y + r) * view.row_bytes, view_width, &bytes[r * 4]);
    for (std::size_t i = 0; i < wide.size(); ++i) wide[i] = bytes[i];
    for (std::size_t x = 0; x < width; ++x) {
      const std::int32_t* weight = &filter.weights[x * filter.taps];
      const std::int32_t* in = &wide[std::size_t(filter.first[x] - first) * 8];
      Lanes sum = Lanes{} + (1 << (weight_bits - 1));
      for (int k = 0; k < filter.count[x]; ++k, in += 8) {
        Lanes pixels;
        std::memcpy(&pixels, in, sizeof pixels);
        sum += pixels * weight[k];
      }
      sum >>= weight_bits;
      sum = sum < 0 ? Lanes{} : sum;
      sum = sum > 255 ? Lanes{} + 255 : sum;
      std::memcpy(&made[x * 8], &sum, sizeof sum);
    }
    for (std::size_t i = 0; i < made.size(); ++i) bytes[i] = std::uint8_t(made[i]);
    for (int r = 0; r < rows; ++r, out += width * 3) gather(&bytes[r * 4], width, out);
  }
}

void resize_rows(const View& view, int first, const Filter& filter, std::uint8_t* out) {
  (view.channels == 1 ? resize_grey_rows : resize_colour_rows)(view, first, filter, out);
}

// The same for columns; the view begins at row `first`.
FOR_EACH_PROCESSOR void resize_columns(const View& view, int first, const Filter& filter,
                                       std::uint8_t* out) {
  const std::size_t row_bytes = std::size_t(view.width) * view.channels;
  std::vector<std::int32_t> sum(row_bytes);
  for (std::size_t y = 0; y < filter.first.size(); ++y, out += row_bytes) {
    std::fill(sum.begin(), sum.end(), 1 << (weight_bits - 1));
    for (int k = 0; k < filter.count[y]; ++k) {
      const std::int32_t weight = filter.weights[y * filter.taps + k];
      const std::uint8_t* in =
          view.pixels + std::size_t(filter.first[y] + k - first) * view.row_bytes;
      for (std::size_t i = 0; i < row_bytes; ++i) sum[i] += in[i] * weight;
    }
    for (std::size_t i = 0; i < row_bytes; ++i) out[i] = rounded(sum[i]);
  }
}

int mirrored(int i, int size) {
  if (size == 1) return 0;
  const int period = 2 * (size - 1);
  i = ((i % period) + period) % period;
  return i < size ? i : period - i;
}

}  // namespace

void resize(const View& view, const Box& box, int width, int height, std::uint8_t* out,
            std::vector<std::uint8_t>& scratch, archs::Interpolation interpolation) {
  const Filter across = make_filter(view.width, box.x, box.width, width, interpolation);
  const Filter down = make_filter(view.height, box.y, box.height, height, interpolation);
  const Range columns(across), rows(down);
  const View needed = view.part(columns.first, rows.first, columns.size(), rows.size());
  // Each pass rounds, so the order shows. This is Pillow 13's, found by trial (3,933 sizes); older
  // ones always begin with the rows.
  if (view.height > height && view.height - height > 2 * (view.width - width)) {
    scratch.resize(std::size_t(columns.size()) * view.channels * height);
    resize_columns(needed, rows.first, down, scratch.data());
    resize_rows({scratch.data(), columns.size(), height, view.channels}, columns.first, across,
                out);
  } else {
    scratch.resize(std::size_t(width) * view.channels * rows.size());
    resize_rows(needed, columns.first, across, scratch.data());
    resize_columns({scratch.data(), width, rows.size(), view.channels}, rows.first, down, out);
  }
}

void to_square(const Image& image, std::string_view how, int side, std::uint8_t* out) {
  const int width = image.width, height = image.height;
  std::vector<std::uint8_t> scratch;
  if (how == "pad") {
    const double shrink = std::min(1.0, double(side) / std::max(width, height));
    Image small(std::max(1, int(std::lround(width * shrink))),
                std::max(1, int(std::lround(height * shrink))), image.channels);
    if (shrink == 1)
      small = image;
    else
      resize(image, {0, 0, double(width), double(height)}, small.width, small.height,
             small.pixels.data(), scratch);
    const int left = (side - small.width) / 2, top = (side - small.height) / 2;
    for (int y = 0; y < side; ++y)
      for (int x = 0; x < side; ++x, out += image.channels)
        std::memcpy(out,
                    &small.pixels[(std::size_t(mirrored(y - top, small.height)) * small.width +
                                   mirrored(x - left, small.width)) *
                                  image.channels],
                    image.channels);
  } else if (how == "squish") {
    resize(image, {0, 0, double(width), double(height)}, side, side, out, scratch);
  } else {
    const double cut = std::min(width, height);
    resize(image, {(width - cut) / 2, (height - cut) / 2, cut, cut}, side, side, out, scratch);
  }
}

int middle_begins(int size, int side) {
  return int(std::nearbyint((size - side) / 2.0));
}

Image with_channels(const View& view, int channels) {
  Image out(view.width, view.height, channels);
  std::uint8_t* to = out.pixels.data();
  for (int y = 0; y < view.height; ++y) {
    const std::uint8_t* from = view.pixels + std::size_t(y) * view.row_bytes;
    for (int x = 0; x < view.width; ++x, from += view.channels, to += channels) {
      int rgb[3];
      for (int c = 0; c < 3; ++c) {
        rgb[c] = from[view.channels == 1 ? 0 : c];
        if (view.channels == 4) rgb[c] = (rgb[c] * from[3] + 255 * (255 - from[3]) + 127) / 255;
      }
      if (channels == 3)
        for (int c = 0; c < 3; ++c) to[c] = std::uint8_t(rgb[c]);
      else  // ITU-R 601, as Pillow's mode L
        to[0] = std::uint8_t((rgb[0] * 19595 + rgb[1] * 38470 + rgb[2] * 7471 + 0x8000) >> 16);
    }
  }
  return out;
}

}  // namespace archsweep::runner
