#include "runner/support/terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <string_view>

namespace archsweep {

std::size_t terminal_width(std::FILE* out) {
  if (!::isatty(::fileno(out))) return 0;
  const char* given = std::getenv("COLUMNS");
  const std::string_view text = given ? given : "";
  std::size_t width = 0;
  std::from_chars(text.data(), text.data() + text.size(), width);
  if (width > 0) return width;
  winsize size{};
  constexpr std::size_t usual = 80;
  return ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : usual;
}

}  // namespace archsweep
