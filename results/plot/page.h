#pragma once

// The page that to_html fills in, as text: page.html and page.js, put here by CMake.

#include <string_view>

namespace archsweep::results {

extern const std::string_view page_html;  // with @DATA@, @PLOTLY@ and @SCRIPT@ to be replaced
extern const std::string_view page_script;

}  // namespace archsweep::results
