#include "runner/serve/message.h"

#include <algorithm>
#include <cctype>

namespace archsweep::serve {

std::string header(const Request& request, const std::string& name) {
  return request.headers.count(name) == 1 ? request.headers.find(name)->second : "";
}

std::string lower_case(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
  return text;
}

}  // namespace archsweep::serve
