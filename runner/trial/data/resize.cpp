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

Filter make_filter(int in, double begin, double length, int out) {
  const double scale = length / out, support = std::max(scale, 1.0);
  Filter filter{int(std::ceil(support)) * 2 + 1, {}, {}, {}};
  filter.weights.resize(std::size_t(filter.taps) * out);
  std::vector<double> exact(filter.taps);
  for (int i = 0; i < out; ++i) {
    const double centre = begin + (i + 0.5) * scale;
    const int first = std::clamp(int(centre - support + 0.5), 0, in - 1);
    const int last = std::clamp(int(centre + support + 0.5), first + 1, in);
    double sum = 0;
    for (int k = 0; k < last - first; ++k) {
      exact[k] = std::max(0.0, 1 - std::abs((first + k + 0.5 - centre) / support));
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

template <int channels>
void resize_rows(const View& view, int first_row, int rows, const Filter& filter, int width,
                 std::uint8_t* out) {
  for (int y = 0; y < rows; ++y) {
    const std::uint8_t* row = view.pixels + std::size_t(first_row + y) * view.row_bytes;
    for (int x = 0; x < width; ++x) {
      const std::int32_t* weight = &filter.weights[std::size_t(x) * filter.taps];
      const std::uint8_t* in = row + std::size_t(filter.first[x]) * channels;
      std::int32_t sum[channels];
      std::fill_n(sum, channels, 1 << (weight_bits - 1));
      for (int k = 0; k < filter.count[x]; ++k)
        for (int c = 0; c < channels; ++c) sum[c] += *in++ * weight[k];
      for (int c = 0; c < channels; ++c) *out++ = rounded(sum[c]);
    }
  }
}

// `rows` begins at row `first_row` of the original.
void resize_columns(const std::uint8_t* rows, std::size_t row_bytes, int first_row,
                    const Filter& filter, int height, std::uint8_t* out) {
  std::vector<std::int32_t> sum(row_bytes);
  for (int y = 0; y < height; ++y, out += row_bytes) {
    std::fill(sum.begin(), sum.end(), 1 << (weight_bits - 1));
    for (int k = 0; k < filter.count[y]; ++k) {
      const std::int32_t weight = filter.weights[std::size_t(y) * filter.taps + k];
      const std::uint8_t* in = rows + std::size_t(filter.first[y] + k - first_row) * row_bytes;
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
            std::vector<std::uint8_t>& scratch) {
  const Filter across = make_filter(view.width, box.x, box.width, width);
  const Filter down = make_filter(view.height, box.y, box.height, height);
  const int first_row = *std::min_element(down.first.begin(), down.first.end());
  int end_row = first_row;
  for (int y = 0; y < height; ++y) end_row = std::max(end_row, down.first[y] + down.count[y]);
  const int rows = end_row - first_row;
  const std::size_t row_bytes = std::size_t(width) * view.channels;
  scratch.resize(row_bytes * rows);
  (view.channels == 1 ? resize_rows<1> : resize_rows<3>)(view, first_row, rows, across, width,
                                                         scratch.data());
  resize_columns(scratch.data(), row_bytes, first_row, down, height, out);
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
