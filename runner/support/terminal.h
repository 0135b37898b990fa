#pragma once

#include <cstddef>
#include <cstdio>

namespace archsweep {

// Of the terminal behind `out`; 80 where it does not tell.
std::size_t terminal_columns(std::FILE* out);

}  // namespace archsweep
