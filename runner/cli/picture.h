#pragma once

#include <string>

#include <fmt/format.h>

#include "results/plot/draw.h"

namespace archsweep::cli {

// A picture beside the rows on stdout, told on stderr.
template <typename Picture>
void draw_beside_rows(const Picture& picture, const std::string& file) {
  results::draw(picture, file);
  fmt::print(stderr, "{}\n", file);
}

}  // namespace archsweep::cli
