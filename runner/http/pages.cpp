#include "runner/http/pages.h"

#include <algorithm>

#include <fmt/format.h>

namespace archsweep::http {

Response versioned(const Request& request, const std::string& version,
                   const std::function<Response()>& make) {
  const auto tag = fmt::format("\"{}\"", version);
  Response answer = header(request, "if-none-match") == tag ? Response{.status = 304} : make();
  if (answer.status < 400) {
    answer.headers.emplace_back("ETag", tag);
    answer.headers.emplace_back("Cache-Control", "private, no-cache");  // ask each time
  }
  return answer;
}

std::optional<Response> find_page(std::span<const Page> pages, const Request& request) {
  const auto page = std::ranges::find(pages, request.path, &Page::path);
  if (page == pages.end()) return std::nullopt;
  return versioned(request, std::string(page->hash), [&] {
    return Response{.type = std::string(page->type), .body = std::string(page->text)};
  });
}

}  // namespace archsweep::http
