#include "results/plot/lettering.h"

#include <algorithm>
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

// Bytes of the UTF-8 character that the text begins with; 0 where it begins with none.
std::size_t character_bytes(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t bytes = first < 0x80            ? 1
                            : first >> 5 == 0b110   ? 2
                            : first >> 4 == 0b1110  ? 3
                            : first >> 3 == 0b11110 ? 4
                                                    : 0;
  if (bytes > text.size()) return 0;
  for (std::size_t i = 1; i < bytes; ++i)
    if (begins_character(text[i])) return 0;
  return bytes;
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
  while (!text.empty()) {
    const auto bytes = character_bytes(text);
    const char c = text[0];
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else if (bytes == 0 || c == 0x7F || (bytes == 1 && c < ' ' && c != '\n' && c != '\t'))
      out += '?';
    else
      out += text.substr(0, bytes);
    text.remove_prefix(std::max<std::size_t>(bytes, 1));
  }
  return out;
}

}  // namespace archsweep::results
