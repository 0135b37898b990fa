#pragma once

// What is asked over HTTP and what is answered, as plain values.

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace archsweep::serve {

struct Request {
  std::string method;
  std::string path;                                 // decoded, without the query
  std::map<std::string, std::string> query;         // decoded; of equal names the first
  std::multimap<std::string, std::string> headers;  // names in lower case
};

struct Response {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers = {};
};

using Handler = std::function<Response(const Request&)>;

// The only header of that name; "" where there is none, or more than one.
std::string header(const Request& request, const std::string& lower_case_name);

}  // namespace archsweep::serve
