#include "results/plot/lettering.h"

#include <numeric>

namespace archsweep::results {
namespace {

// Advance widths of DejaVu Sans from space to tilde, in hundredths of the size.
// clang-format off
constexpr unsigned char advances[] = {
    32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34,
    64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 34, 34, 84, 84, 84, 53,
    100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66, 56, 86, 75, 79,
    60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50,
    50, 61, 63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61,
    63, 63, 41, 52, 39, 63, 59, 82, 59, 59, 52, 64, 34, 64, 84};
// clang-format on

bool begins_character(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) != 0x80;  // not a later byte of UTF-8
}

}  // namespace

double text_width(std::string_view text, double size, bool bold) {
  const auto hundredths = std::accumulate(text.begin(), text.end(), 0, [](int sum, char c) {
    if (c >= ' ' && c <= '~') return sum + advances[c - ' '];
    return sum + (begins_character(c) ? 100 : 0);
  });
  return hundredths / 100.0 * size * (bold ? 1.14 : 1.0);
}

std::string shorten(std::string_view text, double width, double size, bool bold) {
  if (text_width(text, size, bold) <= width) return std::string(text);
  while (!text.empty() && text_width(text, size, bold) + size > width) {
    while (!begins_character(text.back()) && text.size() > 1) text.remove_suffix(1);
    text.remove_suffix(1);
  }
  while (text.ends_with(' ')) text.remove_suffix(1);
  return std::string(text) + "…";
}

std::vector<std::string> wrap(std::string_view text, double width, double size, std::size_t lines) {
  std::vector<std::string> wrapped;
  while (!text.empty()) {
    if (wrapped.size() + 1 == lines || text_width(text, size) <= width) {
      wrapped.push_back(shorten(text, width, size));
      break;
    }
    std::size_t end = text.find(' ');
    for (auto next = end; next != text.npos && text_width(text.substr(0, next), size) <= width;
         next = text.find(' ', next + 1))
      end = next;
    wrapped.push_back(shorten(text.substr(0, end), width, size));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
  }
  return wrapped;
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
      case '\t':
        out += c;
        break;
      default:
        out += static_cast<unsigned char>(c) < ' ' || c == 0x7F ? '?' : c;
    }
  return out;
}

}  // namespace archsweep::results
