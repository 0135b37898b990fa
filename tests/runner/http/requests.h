#pragma once

// Requests and answers as the tests of handlers write them.

#include "runner/http/message.h"

namespace archsweep::http {

inline Request get(const std::string& path, std::map<std::string, std::string> query = {},
                   std::multimap<std::string, std::string> headers = {{"host", "localhost:8000"}}) {
  return {"GET", path, std::move(query), std::move(headers)};
}

inline std::string header_of(const Response& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return "";
}

}  // namespace archsweep::http
