#pragma once

// HTTP for a few browsers. One request a connection, a thread a connection, all of it bounded: the
// size of a request, its time, the number of connections, the memory of their bodies. What is
// answered is the handler's business; a body is read when the handler asks for it.

#include <atomic>
#include <string>

#include "runner/http/message.h"

namespace archsweep::http {

struct ServerLimits {
  int connections = 64;         // one more is told to come back later
  std::size_t body_memory = 0;  // bytes of all bodies that are held at once
};

class Server {
 public:
  // Listens at once. `address`: an IP address or a name of this machine; port 0: any that is free.
  // Throws Error (Exit::environment) with the mend.
  Server(const std::string& address, int port, const ServerLimits& limits = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int port() const { return port_; }
  const std::string& address() const { return address_; }  // in numbers
  bool loopback() const { return loopback_; }              // nobody outside this machine can ask
  bool wildcard() const { return wildcard_; }              // all addresses of this machine

  // Answers until stop() was called and the last answer is sent. The handler is called from many
  // threads and does not throw.
  void run(const Handler& handler);
  void stop();  // from any thread

 private:
  const ServerLimits limits_;
  int socket_ = -1;
  int port_ = 0;
  std::string address_;
  bool loopback_ = false, wildcard_ = false;
  std::atomic<bool> stopping_ = false;
};

}  // namespace archsweep::http
