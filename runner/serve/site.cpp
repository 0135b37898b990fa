#include "runner/serve/site.h"

#include <sys/stat.h>

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/lock.h"
#include "results/plot/draw.h"
#include "runner/serve/api.h"
#include "runner/serve/pages.h"
#include "runner/support/error.h"

namespace archsweep::serve {
namespace {

namespace fs = std::filesystem;

// Changes whenever the file does; an empty one is as good as none.
std::string version_of(const fs::path& file) {
  struct stat s {};
  if (::stat(file.c_str(), &s) != 0 || s.st_size == 0) return "-";
  return fmt::format("{:x}.{:x}.{:x}.{:x}", s.st_ino, s.st_size, s.st_mtim.tv_sec,
                     s.st_mtim.tv_nsec);
}

http::Response plotly() {
  auto text = results::plotly_text();
  if (!text)
    return {.status = 404, .body = "plotly.min.js is not here: name it by ARCHSWEEP_PLOTLY\n"};
  return {.type = "text/javascript; charset=utf-8", .body = std::move(*text)};
}

}  // namespace

http::Response Site::operator()(const http::Request& request) {
  if (auto page = http::find_page(pages(), request)) return *page;
  if (request.path == "/plotly.min.js")
    return http::versioned(request, version_of(results::plotly_path()), plotly);
  if (request.path.starts_with("/api/")) return ask(request);
  return {.status = 404, .body = "there is nothing of that name\n"};
}

http::Response Site::ask(const http::Request& request) {
  const std::scoped_lock lock(one_at_a_time_);
  const auto writer = results::writer_of(database_);
  const auto version = fmt::format("{}-{}-{}", version_of(database_),
                                   version_of(database_.string() + "-wal"), writer.value_or(""));
  return http::versioned(request, version, [&]() -> http::Response {
    std::string why;
    try {
      results::Reader reader(database_);
      reader.set_timeout(timeout_);
      return answer(reader, request, writer.has_value());
    } catch (const std::exception& e) {
      why = e.what();
    }
    return {.status = 503,
            .type = "application/json",
            .body = nlohmann::json{{"error", why}}.dump(-1, ' ', false,
                                                        nlohmann::json::error_handler_t::replace)};
  });
}

}  // namespace archsweep::serve
