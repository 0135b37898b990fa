#include "runner/serve/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <httplib.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::serve {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::seconds;

constexpr int most_connections = 64;
constexpr std::size_t most_head = 8192;  // bytes of a request: its line and its headers
constexpr seconds head_time{5};
constexpr seconds answer_time{60};  // 5 MB to a phone at the end of the garden

// Ready for `events` before the deadline.
bool wait(int socket, short events, Clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
  pollfd one{socket, events, 0};
  return left > 0 && ::poll(&one, 1, static_cast<int>(left)) == 1;
}

void send_all(int socket, std::string_view bytes, Clock::time_point deadline) {
  while (!bytes.empty() && wait(socket, POLLOUT, deadline)) {
    const auto sent = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno != EAGAIN && errno != EINTR)
      return;
  }
}

void refuse(int socket, const char* status) {
  send_all(socket,
           fmt::format("HTTP/1.1 {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", status),
           Clock::now() + seconds(1));
}

// The request up to the empty line that ends its headers; "" when it does not come in time.
std::string read_head(int socket) {
  const auto deadline = Clock::now() + head_time;
  std::string head;
  char bytes[2048];
  while (head.find("\r\n\r\n") == head.npos && head.size() <= most_head) {
    if (!wait(socket, POLLIN, deadline)) return "";
    const auto got = ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return "";
    if (got > 0) head.append(bytes, static_cast<std::size_t>(got));
  }
  return head;
}

// A request that was read already, and a socket for its answer.
class Exchange : public httplib::Stream {
 public:
  Exchange(int socket, std::string_view head) : socket_(socket), head_(head) {}

  bool is_readable() const override { return !head_.empty(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    const auto count = head_.copy(to, size);
    head_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* bytes, size_t size) override {
    answer_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

  const std::string& answer() const { return answer_; }

 private:
  int socket_;
  std::string_view head_;
  std::string answer_;
};

// httplib's reading of a request and writing of an answer, without its sockets and threads.
class Protocol : public httplib::Server {
 public:
  using Server::process_request;

  explicit Protocol(const serve::Handler& handler) {
    set_pre_routing_handler([&handler](const httplib::Request& in, httplib::Response& out) {
      serve::Request request{in.method, in.path, {in.params.begin(), in.params.end()}, {}};
      for (const auto& [name, value] : in.headers) request.headers.emplace(lower_case(name), value);
      auto answer = handler(request);
      out.status = answer.status;
      if (answer.status != 304) out.set_content(std::move(answer.body), answer.type);
      for (const auto& [name, value] : answer.headers) out.set_header(name, value);
      return HandlerResponse::Handled;  // so that no body is read and no file is looked for
    });
  }

  // What httplib would do with these, and what it costs: ranges multiply the answer, compressing
  // takes a core from the sweep, and "continue" invites a body.
  static void drop_extras(httplib::Request& request) {
    request.ranges.clear();
    request.headers.erase("Accept-Encoding");
    request.headers.erase("Expect");
  }
};

void answer(int socket, Protocol& protocol) {
  const auto head = read_head(socket);
  if (head.empty()) return;
  if (head.find("\r\n\r\n") == head.npos) {
    refuse(socket, "431 Request Header Fields Too Large");
  } else {
    Exchange exchange(socket, head);
    bool closed = false;
    protocol.process_request(exchange, /*close_connection=*/true, closed, Protocol::drop_extras);
    send_all(socket, exchange.answer(), Clock::now() + answer_time);
  }
  // A client that is still sending would be told of a reset before it has read the answer.
  ::shutdown(socket, SHUT_WR);
  char bytes[4096];
  const auto deadline = Clock::now() + seconds(1);
  while (wait(socket, POLLIN, deadline) && ::recv(socket, bytes, sizeof bytes, MSG_DONTWAIT) > 0)
    ;
}

std::string reason(int port, const std::string& address) {
  const auto where = fmt::format("{}:{}", address, port);
  switch (errno) {
    case EADDRINUSE:
      return fmt::format(
          "{}: another program listens there; give another --port, or --port 0 for "
          "any that is free",
          where);
    case EACCES:
      return fmt::format("{}: ports below 1024 are not for everyone; give a higher --port", where);
    case EADDRNOTAVAIL:
      return fmt::format("{}: is not an address of this machine; --bind 0.0.0.0 is all of them",
                         where);
    default:
      return fmt::format("{}: cannot be listened to: {}", where, std::strerror(errno));
  }
}

}  // namespace

Server::Server(const std::string& address, int port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* raw = nullptr;
  if (const int code = ::getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &raw))
    throw Error(fmt::format("--bind {}: {}; give an IP address of this machine", address,
                            ::gai_strerror(code)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw, &::freeaddrinfo);
  socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  // Not SO_REUSEPORT, under which a second server would take half of the first one's requests.
  ::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket_, found->ai_addr, found->ai_addrlen) != 0 || ::listen(socket_, 64) != 0) {
    const auto why = reason(port, address);
    ::close(socket_);
    throw Error(why, Exit::environment);
  }
  sockaddr_storage bound{};
  socklen_t size = sizeof bound;
  ::getsockname(socket_, reinterpret_cast<sockaddr*>(&bound), &size);
  if (bound.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(bound);
    port_ = ntohs(six.sin6_port);
    loopback_ = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
  } else {
    const auto& four = reinterpret_cast<const sockaddr_in&>(bound);
    port_ = ntohs(four.sin_port);
    loopback_ = ntohl(four.sin_addr.s_addr) >> 24 == 127;
  }
}

Server::~Server() {
  ::close(socket_);
}

void Server::run(const Handler& handler) {
  Protocol protocol(handler);
  std::atomic<int> connections = 0;
  for (;;) {
    const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) {  // gone again, or no descriptors left for a moment
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    if (++connections > most_connections) {
      refuse(client, "503 Service Unavailable");
      ::close(client);
      --connections;
      continue;
    }
    try {
      std::thread([client, &protocol, &connections] {
        answer(client, protocol);
        ::close(client);
        --connections;
      }).detach();
    } catch (const std::system_error&) {  // no thread to be had
      ::close(client);
      --connections;
    }
  }
}

}  // namespace archsweep::serve
