#pragma once

// The files of page/, which CMake puts into the program.

#include <span>
#include <string_view>

namespace archsweep::serve {

struct Page {
  std::string_view path;  // "/", "/page.css"
  std::string_view type;
  std::string_view hash;  // of the text
  std::string_view text;
};

std::span<const Page> pages();

}  // namespace archsweep::serve
