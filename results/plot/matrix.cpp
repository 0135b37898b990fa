#include "results/plot/matrix.h"

#include <algorithm>
#include <cmath>
#include <span>

#include <fmt/format.h>

#include "results/plot/frame.h"
#include "results/plot/lettering.h"

namespace archsweep::results {
namespace {

// Pixels.
constexpr double size = 13, widest_name = 180;
constexpr double least_named = 8;     // side of a cell beside which a name can be read
constexpr double least_counted = 14;  // in which a number can

// What is right in one colour, what is wrong in another, the stronger the larger its share of the
// row; by the root, so that few errors show too.
std::string draw_cell(double x, double y, double side, std::int64_t images, double share,
                      bool right, const std::string& words) {
  const double opacity = std::sqrt(share);
  auto out = fmt::format(
      "<g><title>{}</title><rect class=\"a c{}\" fill-opacity=\"{:.2f}\" x=\"{:.1f}\" y=\"{:.1f}\" "
      "width=\"{:.1f}\" height=\"{:.1f}\"/>",
      escape_xml(words), right ? 0 : 1, opacity, x, y, side, side);
  const auto number = fmt::format("{}", images);
  const double letters = std::min(size, 1.6 * side / static_cast<double>(number.size() + 1));
  if (side >= least_counted)
    out += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{:.1f}\" text-anchor=\"middle\"{}>{}</text>",
        x + side / 2, y + side / 2 + 0.35 * letters, letters,
        opacity > 0.7 ? " class=\"paper\"" : "", number);
  return out + "</g>\n";
}

}  // namespace

std::string to_svg(const MatrixPicture& matrix, Theme theme) {
  const auto n = matrix.classes.size();
  const double cells = static_cast<double>(n), cell = std::clamp(640 / cells, 4.0, 48.0);
  const bool named = cell >= least_named;
  const double letters = std::min(size, 0.9 * cell);
  double names = 0;
  if (named)
    for (const auto& name : matrix.classes)
      names = std::max(names, std::min(widest_name, text_width(name, letters)));
  const double left = 2.4 * size + names + 0.6 * size, side = cells * cell;
  const double width = std::max(500.0, left + side + size);
  const double top = head_height(matrix.subtitle, width, size) + 0.4 * size;
  const double below = top + side + 0.6 * size + names;
  auto out = draw_head(matrix.title, matrix.subtitle, width, below + 2.4 * size, size, theme);
  for (std::size_t a = 0; a < n; ++a) {
    const auto row = std::span(matrix.images).subspan(a * n, n);
    double images = 0;
    for (const auto count : row) images += static_cast<double>(count);
    for (std::size_t p = 0; p < n; ++p)
      if (row[p] > 0)
        out += draw_cell(left + double(p) * cell, top + double(a) * cell, cell, row[p],
                         static_cast<double>(row[p]) / images, a == p,
                         fmt::format("{} taken for {}: {} of {}", matrix.classes[a],
                                     matrix.classes[p], row[p], images));
    if (!named) continue;
    const double middle = (double(a) + 0.5) * cell + 0.35 * letters;
    const auto name = escape_xml(shorten(matrix.classes[a], widest_name, letters));
    out += fmt::format(
        "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{:.1f}\" text-anchor=\"end\">{}</text>\n"
        "<text transform=\"translate({:.1f} {:.1f}) rotate(-90)\" font-size=\"{:.1f}\" "
        "text-anchor=\"end\">{}</text>\n",
        left - 0.5 * size, top + middle, letters, name, left + middle, top + side + 0.5 * size,
        letters, name);
  }
  out += fmt::format(
      "<rect class=\"frame\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\"/>\n"
      "<text class=\"q\" transform=\"translate({:.1f} {:.1f}) rotate(-90)\" "
      "text-anchor=\"middle\">actual</text>\n"
      "<text class=\"q\" x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">predicted</text>\n",
      left, top, side, side, 1.5 * size, top + side / 2, left + side / 2, below + 1.4 * size);
  return out + "</svg>\n";
}

std::string to_html(const MatrixPicture& matrix) {
  return page_around(matrix.title, to_svg(matrix));
}

}  // namespace archsweep::results
