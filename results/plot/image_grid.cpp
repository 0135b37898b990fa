#include "results/plot/image_grid.h"

#include <algorithm>

#include <fmt/format.h>

#include "results/plot/frame.h"
#include "results/plot/lettering.h"
#include "results/plot/marks.h"
#include "runner/support/base64.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

// Pixels. A PNG file has twice as many: an image of 224 is then shown as it is.
constexpr double tile = 112, gap = 6, size = 13, note_size = 10;
constexpr std::size_t most_beside = 8;

}  // namespace

std::string to_svg(const ImageGrid& grid, Theme theme) {
  const std::size_t beside = std::clamp<std::size_t>(grid.columns.size(), 1, most_beside);
  const std::size_t bands = (grid.columns.size() + beside - 1) / beside;
  double names = 0;
  for (const auto& row : grid.rows) names = std::max(names, text_width(row, size));
  const double left = size + names + size, label = 2.4 * size;
  const double band = static_cast<double>(grid.rows.size()) * (tile + gap) + label;
  // Room for the title over a few images.
  const double width =
      std::max(500.0, left + static_cast<double>(beside) * (tile + gap) - gap + size);
  const double top = head_height(grid.subtitle, width, size);
  auto out = draw_head(grid.title, grid.subtitle, width, top + static_cast<double>(bands) * band,
                       size, theme);
  for (std::size_t b = 0; b < bands; ++b)
    for (std::size_t r = 0; r < grid.rows.size(); ++r)
      out += text(size, top + double(b) * band + double(r) * (tile + gap) + tile / 2 + 0.35 * size,
                  "q", grid.rows[r]);
  for (std::size_t c = 0; c < grid.columns.size(); ++c) {
    const auto& column = grid.columns[c];
    const double x = left + double(c % beside) * (tile + gap), y = top + double(c / beside) * band;
    out += "<g><title>" + escape_xml(column.title) + "</title>\n";
    for (std::size_t r = 0; r < column.cells.size(); ++r) {
      const auto& cell = column.cells[r];
      const double below = y + double(r + 1) * (tile + gap) - gap;
      out += fmt::format(
          "<image x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2}\" height=\"{2}\" "
          "href=\"data:image/png;base64,{3}\"/>\n"
          "<rect class=\"grid\" fill=\"none\" x=\"{0:.1f}\" y=\"{1:.1f}\" width=\"{2}\" "
          "height=\"{2}\"/>\n",
          x, below - tile, tile, base64(cell.png));
      if (cell.note.empty()) continue;
      const auto lines = split(cell.note, '\n');
      const double strip = (double(lines.size()) * 1.2 + 0.3) * note_size;
      out += fmt::format(
          "<rect class=\"paper\" fill-opacity=\".85\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{}\" "
          "height=\"{:.1f}\"/>\n",
          x, below - strip, tile, strip);
      for (std::size_t l = 0; l < lines.size(); ++l)
        out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{}\">{}</text>\n", x + 3,
                           below - strip + double(l + 1) * 1.2 * note_size, note_size,
                           escape_xml(shorten(lines[l], tile - 6, note_size)));
    }
    out += text(x, y + band - label + 0.9 * size, "", shorten(column.label, tile, size)) + "</g>\n";
  }
  return out + "</svg>\n";
}

std::string to_html(const ImageGrid& grid) {
  return page_around(grid.title, to_svg(grid));
}

}  // namespace archsweep::results
