#pragma once

// Who may come in. A page of another site must not read results through the user's browser, and on
// a network nobody may who does not have the token.

#include <string>
#include <string_view>
#include <vector>

#include "runner/http/message.h"
#include "runner/http/server.h"

namespace archsweep::http {

struct Door {
  std::string token;                 // "": none is asked for
  std::vector<std::string> names;    // of this machine, in lower case, besides localhost
  bool loopback = true;              // only names of loopback reach us
  bool any_name = false;             // what is in front of us decides who may come
  std::string cookie = "archsweep";  // browsers keep one jar for all ports of a host
  std::string methods = "GET, HEAD";
  std::string scripts = "/api/";  // what begins so is for scripts of our own pages

  // Asks the handler, or refuses: another method, a Host that is not ours (a
  // name of somebody's that was pointed at us: DNS rebinding), a wrong token, another site's
  // script. Adds the headers that keep a browser strict.
  Response operator()(const Request& request, const Handler& handler) const;
};

// The door of a server on this machine; where others can reach it a token is made unless one is
// given.
Door door_of(const Server& server, const std::string& token);

// Where a browser finds it: at the address it listens on; of all addresses by the machine's name,
// which not every network knows, and by each address.
std::vector<std::string> urls_of(const Server& server, const Door& door);

std::string random_token();  // 128 bits, hexadecimal

// Throws Error when it is short or holds what a URL or a cookie cannot.
void check_token(std::string_view token);

}  // namespace archsweep::http
