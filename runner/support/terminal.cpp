#include "runner/support/terminal.h"

#include <sys/ioctl.h>

namespace archsweep {

std::size_t terminal_columns(std::FILE* out) {
  winsize size{};
  return ::ioctl(::fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace archsweep
