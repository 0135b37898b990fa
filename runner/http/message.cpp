#include "runner/http/message.h"

namespace archsweep::http {

std::string header(const Request& request, const std::string& name) {
  return request.headers.count(name) == 1 ? request.headers.find(name)->second : "";
}

}  // namespace archsweep::http
