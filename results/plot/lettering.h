#pragma once

// Text in a drawing: how wide it is, and how it fits. Pure arithmetic.

#include <string>
#include <string_view>
#include <vector>

namespace archsweep::results {

// Pixels in DejaVu Sans (and Verdana, its twin) at `size`; bold is taken a little too wide.
double text_width(std::string_view text, double size, bool bold = false);

// The text, its end replaced by "…" where it is wider than `width`.
std::string shorten(std::string_view text, double width, double size, bool bold = false);

// Lines of at most `width`, broken at spaces; what does not fit in `lines` ends in "…".
std::vector<std::string> wrap(std::string_view text, double width, double size, std::size_t lines);

// For XML text and attributes; what is no UTF-8 and what XML has no place for becomes "?".
std::string escape_xml(std::string_view text);

}  // namespace archsweep::results
