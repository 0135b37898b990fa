#pragma once

// Who may come in. A page of another site must not read results through the user's browser, and on
// a network nobody may who does not have the token.

#include <string>
#include <string_view>
#include <vector>

#include "runner/serve/message.h"

namespace archsweep::serve {

struct Door {
  std::string token;                 // "": none is asked for
  std::vector<std::string> names;    // of this machine, besides localhost
  bool loopback = true;              // only names of loopback reach us
  std::string cookie = "archsweep";  // browsers keep one jar for all ports of a host

  // Asks the handler, or refuses: another method than GET and HEAD, a Host that is not ours (a
  // name of somebody's that was pointed at us: DNS rebinding), a wrong token, another site's
  // script. Adds the headers that keep a browser strict.
  Response operator()(const Request& request, const Handler& handler) const;
};

std::string random_token();  // 128 bits, hexadecimal

// Throws Error when it is short or holds what a URL or a cookie cannot.
void check_token(std::string_view token);

}  // namespace archsweep::serve
