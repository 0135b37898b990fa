#include "archs/weights/http.h"

#include <curl/curl.h>
#include <dlfcn.h>

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::archs {
namespace {

constexpr long connect_seconds = 10, silence_seconds = 30;

// libcurl is loaded when it is needed: linked, its 30 libraries would double the time that every
// `archsweep list` takes to start.
struct Curl {
  decltype(&curl_easy_init) init = nullptr;
  decltype(&curl_easy_cleanup) cleanup = nullptr;
  decltype(&curl_easy_setopt) setopt = nullptr;
  decltype(&curl_easy_perform) perform = nullptr;
  decltype(&curl_easy_getinfo) getinfo = nullptr;
  decltype(&curl_easy_strerror) strerror = nullptr;
  decltype(&curl_slist_append) append = nullptr;
  decltype(&curl_slist_free_all) free_all = nullptr;

  Curl() {
    void* library = ::dlopen("libcurl.so.4", RTLD_NOW);
    if (!library)
      throw Error(
          fmt::format("cannot download: {} (Debian: apt-get install libcurl4)", ::dlerror()),
          Exit::environment);
    load(library, "curl_easy_init", init);
    load(library, "curl_easy_cleanup", cleanup);
    load(library, "curl_easy_setopt", setopt);
    load(library, "curl_easy_perform", perform);
    load(library, "curl_easy_getinfo", getinfo);
    load(library, "curl_easy_strerror", strerror);
    load(library, "curl_slist_append", append);
    load(library, "curl_slist_free_all", free_all);
  }

  template <typename Function>
  static void load(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (!function)
      throw Error(fmt::format("cannot download: libcurl lacks {}", name), Exit::environment);
  }
};

const Curl& curl() {
  static const Curl loaded;
  return loaded;
}

struct Transfer {
  CURL* handle;
  const HttpSink& sink;
  HttpResponse response;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == text.npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& response = static_cast<Transfer*>(user)->response;
  const std::string_view line(bytes, size * count);
  if (line.starts_with("HTTP/")) response.headers.clear();  // after a 100 or a proxy's answer
  if (const auto colon = line.find(':'); colon != line.npos && response.headers.size() < 200)
    response.headers[lower_case(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
  return size * count;
}

std::size_t on_body(char* bytes, std::size_t size, std::size_t count, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  curl().getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &transfer.response.status);
  if (transfer.response.status / 100 != 2 || !transfer.sink) return size * count;
  return transfer.sink(transfer.response, {bytes, size * count}) ? size * count : 0;
}

bool may_do_better(CURLcode code) {
  switch (code) {
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string HttpResponse::header(const std::string& name) const {
  const auto at = headers.find(name);
  return at == headers.end() ? "" : at->second;
}

HttpResponse http_request(const HttpRequest& request, const HttpSink& sink) {
  const std::unique_ptr<CURL, decltype(curl().cleanup)> handle(curl().init(), curl().cleanup);
  if (!handle) throw std::bad_alloc();
  Transfer transfer{handle.get(), sink, {}};
  const auto set = [&](CURLoption option, auto value) {
    curl().setopt(handle.get(), option, value);
  };
  curl_slist* list = nullptr;
  if (!request.token.empty())
    list = curl().append(nullptr, ("Authorization: Bearer " + request.token).c_str());
  const std::unique_ptr<curl_slist, decltype(curl().free_all)> headers(list, curl().free_all);

  char reason[CURL_ERROR_SIZE] = "";
  set(CURLOPT_URL, request.url.c_str());
  set(CURLOPT_PROTOCOLS_STR, "http,https");
  set(CURLOPT_USERAGENT, "archsweep");
  set(CURLOPT_NOSIGNAL, 1L);
  set(CURLOPT_NOBODY, long{request.head});
  set(CURLOPT_HTTPHEADER, headers.get());
  set(CURLOPT_CONNECTTIMEOUT, connect_seconds);
  set(CURLOPT_LOW_SPEED_LIMIT, 1L);
  set(CURLOPT_LOW_SPEED_TIME, silence_seconds);
  set(CURLOPT_ERRORBUFFER, reason);
  set(CURLOPT_HEADERFUNCTION, &on_header);
  set(CURLOPT_HEADERDATA, static_cast<void*>(&transfer));
  set(CURLOPT_WRITEFUNCTION, &on_body);
  set(CURLOPT_WRITEDATA, static_cast<void*>(&transfer));
  const auto range = fmt::format("{}-", request.first);
  if (request.first > 0) set(CURLOPT_RANGE, range.c_str());

  const auto code = curl().perform(handle.get());
  auto& response = transfer.response;
  curl().getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &response.status);
  char* redirect = nullptr;
  if (curl().getinfo(handle.get(), CURLINFO_REDIRECT_URL, &redirect) == CURLE_OK && redirect)
    response.redirect = redirect;
  if (code != CURLE_OK) {
    response.failure = *reason ? reason : curl().strerror(code);
    response.retry = may_do_better(code);
  }
  return std::move(response);
}

std::string origin_of(std::string_view url) {
  const auto scheme = url.find("://");
  if (scheme == url.npos) return "";
  auto end = std::min(url.find_first_of("/?#", scheme + 3), url.size());
  auto host = url.substr(scheme + 3, end - scheme - 3);
  if (const auto at = host.rfind('@'); at != host.npos) host.remove_prefix(at + 1);
  return lower_case(url.substr(0, scheme)) + "://" + lower_case(host);
}

}  // namespace archsweep::archs
