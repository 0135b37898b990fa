#pragma once

// One HTTP request. Redirects are not followed: who may see a token is the caller's decision.

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace archsweep::archs {

struct HttpRequest {
  std::string url;  // http or https
  bool head = false;
  std::string token;        // sent as a bearer token; "": none
  std::uint64_t first = 0;  // asks for the bytes from here on
};

struct HttpResponse {
  long status = 0;                             // 0: no answer came
  std::map<std::string, std::string> headers;  // names in lower case
  std::string redirect;                        // where a 3xx points to, as an absolute URL
  std::string failure;                         // why the transfer broke off; "": it did not
  bool retry = false;                          // after such a failure another attempt may do better

  std::string header(const std::string& name) const;
};

// Takes the next bytes of the body of a 2xx; false breaks off. `so_far` has status and headers.
using HttpSink = std::function<bool(const HttpResponse& so_far, std::string_view bytes)>;

// Throws Error (Exit::environment) when libcurl cannot be loaded. A silent server is given up after
// 30 s.
HttpResponse http_request(const HttpRequest& request, const HttpSink& sink = {});

// "https://host:port" in lower case: what may see the token that is meant for it.
std::string origin_of(std::string_view url);

}  // namespace archsweep::archs
