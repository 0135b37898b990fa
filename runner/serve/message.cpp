#include "runner/serve/message.h"

namespace archsweep::serve {

std::string header(const Request& request, const std::string& name) {
  return request.headers.count(name) == 1 ? request.headers.find(name)->second : "";
}

}  // namespace archsweep::serve
