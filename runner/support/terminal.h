#pragma once

#include <cstddef>
#include <cstdio>

namespace archsweep {

// Columns of the terminal that `out` is, by $COLUMNS where it is set; 0: it is none.
std::size_t terminal_width(std::FILE* out);

}  // namespace archsweep
