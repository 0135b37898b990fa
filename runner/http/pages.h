#pragma once

// Files of a site that CMake puts into the program (runner/support/cmake/pages.cmake).

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runner/http/message.h"

namespace archsweep::http {

struct Page {
  std::string_view path;  // "/", "/page.css"
  std::string_view type;
  std::string_view hash;  // of the text
  std::string_view text;
};

// The answer under a version: "not modified" for who has that already.
Response versioned(const Request& request, const std::string& version,
                   const std::function<Response()>& make);

// The one that is asked for.
std::optional<Response> find_page(std::span<const Page> pages, const Request& request);

}  // namespace archsweep::http
