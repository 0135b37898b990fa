#pragma once

// HTTP for a few browsers. One request a connection, a thread a connection, all of it bounded: the
// size of a request, its time, the number of connections. A request has no body: nothing is written
// here. What is answered is the handler's business.

#include <string>

#include "runner/serve/message.h"

namespace archsweep::serve {

class Server {
 public:
  // Listens at once. `address`: an IP address or a name of this machine; port 0: any that is free.
  // Throws Error (Exit::environment) with the mend.
  Server(const std::string& address, int port);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  bool loopback() const { return loopback_; }  // nobody outside this machine can ask

  // Answers until the process ends: there is nothing here that ending at once could harm. The
  // handler is called from many threads and does not throw.
  [[noreturn]] void run(const Handler& handler);

 private:
  int socket_ = -1;
  int port_ = 0;
  bool loopback_ = false;
};

}  // namespace archsweep::serve
