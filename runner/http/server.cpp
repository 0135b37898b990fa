#include "runner/http/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <httplib.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <memory>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "runner/support/clock.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::http {
namespace {

using std::chrono::seconds;

constexpr std::size_t most_head = 8192;  // bytes of a request: its line and its headers
constexpr seconds head_time{5};
constexpr seconds body_time{60};    // a few photos over a phone's network
constexpr seconds silence{10};      // between two pieces of a body
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

void refuse(int socket, const char* status, const char* header = "") {
  send_all(socket,
           fmt::format("HTTP/1.1 {}\r\n{}Content-Length: 0\r\nConnection: close\r\n\r\n", status,
                       header),
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

// A request whose head was read already, and a socket for the rest of it and for the answer.
class Exchange : public httplib::Stream {
 public:
  Exchange(int socket, std::string_view head)
      : socket_(socket), head_(head), deadline_(Clock::now() + body_time) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    if (!head_.empty()) {
      const auto count = head_.copy(to, size);
      head_.remove_prefix(count);
      return static_cast<ssize_t>(count);
    }
    if (!is_asked_for_) return -1;  // a body that no handler reads is not kept
    if (is_awaited_) send_all(socket_, "HTTP/1.1 100 Continue\r\n\r\n", Clock::now() + seconds(1));
    is_awaited_ = false;
    if (!wait(socket_, POLLIN, std::min(deadline_, Clock::now() + silence))) {
      is_late_ = true;
      return -1;
    }
    return ::recv(socket_, to, size, MSG_DONTWAIT);
  }
  ssize_t write(const char* bytes, size_t size) override {
    answer_.append(bytes, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return socket_; }

  const std::string& answer() const { return answer_; }
  void await_continue() { is_awaited_ = true; }  // the client sends the body when it is told to
  void ask_for_body() { is_asked_for_ = true; }
  bool is_late() const { return is_late_; }

 private:
  int socket_;
  std::string_view head_;
  Clock::time_point deadline_;
  bool is_asked_for_ = false, is_awaited_ = false, is_late_ = false;
  std::string answer_;
};

// Bytes of bodies: a share of what all connections may hold.
class Share {
 public:
  Share(std::atomic<std::size_t>& held, std::size_t most) : held_(held), most_(most) {}
  ~Share() { held_ -= mine_; }
  Share(const Share&) = delete;
  Share& operator=(const Share&) = delete;

  bool take(std::size_t bytes) {
    mine_ += bytes;
    return (held_ += bytes) <= most_;
  }

 private:
  std::atomic<std::size_t>& held_;
  const std::size_t most_;
  std::size_t mine_ = 0;
};

std::size_t body_bytes(const httplib::Request& in) {
  // Unpacking and chunks would make of a small body a large one.
  if (in.has_header("Content-Encoding")) throw Refusal(415, "send the body as it is, not packed");
  const auto text = in.get_header_value("Content-Length");
  if (in.has_header("Transfer-Encoding") || text.empty())
    throw Refusal(411, "say in Content-Length how long the body is, and do not send it in chunks");
  std::size_t bytes = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (error != std::errc() || end != text.data() + text.size() ||
      in.get_header_value_count("Content-Length") != 1)
    throw Refusal(400, "Content-Length: not one number of bytes");
  return bytes;
}

std::vector<Part> read_parts(const httplib::Request& in, const httplib::ContentReader& reader,
                             Exchange& exchange, Share& share, const BodyLimits& limits) {
  if (body_bytes(in) > limits.bytes)
    throw Refusal(413, fmt::format("more than {}", human_bytes(double(limits.bytes))));
  exchange.ask_for_body();
  std::vector<Part> parts;
  bool is_full = false;
  const auto add = [&](const char* bytes, std::size_t count) {
    is_full = !share.take(count);
    if (!is_full) parts.back().content.append(bytes, count);
    return !is_full;
  };
  bool is_whole;
  if (in.is_multipart_form_data()) {
    is_whole = reader(
        [&](const httplib::MultipartFormData& part) {
          if (parts.size() == limits.parts)
            throw Refusal(413, fmt::format("more than {} parts", limits.parts));
          parts.push_back({part.filename.empty() ? part.name : part.filename, ""});
          is_full = !share.take(sizeof(Part));
          return !is_full;
        },
        add);
  } else {
    parts.emplace_back();
    is_whole = reader(add);
  }
  if (is_full) throw Refusal(503, "too many photos at once; try again in a moment");
  if (exchange.is_late()) throw Refusal(408, "the body did not come in time");
  if (!is_whole) throw Refusal(400, "the body ends early or is not what its headers say");
  return parts;
}

// httplib's reading of a request and writing of an answer, without its sockets and threads.
class Protocol : public httplib::Server {
 public:
  using Server::process_request;

  Protocol(const http::Handler& handler, Exchange& exchange, Share& share) {
    const auto respond = [&handler](const http::Request& request, httplib::Response& out) {
      auto answer = handler(request);
      out.status = answer.status;
      if (answer.status != 304) out.set_content(std::move(answer.body), answer.type);
      for (const auto& [name, value] : answer.headers) out.set_header(name, value);
    };
    set_pre_routing_handler([=](const httplib::Request& in, httplib::Response& out) {
      if (in.method == "POST") return HandlerResponse::Unhandled;
      respond(plain(in), out);
      return HandlerResponse::Handled;  // so that no body is read and no file is looked for
    });
    // "." would not be an end of a line, and of a path without a route httplib reads the body.
    Post(R"([\s\S]*)", [=, &exchange, &share](const httplib::Request& in, httplib::Response& out,
                                              const httplib::ContentReader& reader) {
      auto request = plain(in);
      request.read_body = [&](const BodyLimits& limits) {
        return read_parts(in, reader, exchange, share, limits);
      };
      respond(request, out);
    });
  }

 private:
  static http::Request plain(const httplib::Request& in) {
    http::Request request{in.method, in.path, {in.params.begin(), in.params.end()}, {}};
    for (const auto& [name, value] : in.headers) request.headers.emplace(lower_case(name), value);
    return request;
  }
};

// What httplib would do with these, and what it costs: ranges multiply the answer, compressing
// takes a core from the sweep, and "continue" invites a body that nobody has asked for yet.
void drop_extras(httplib::Request& request, Exchange& exchange) {
  request.ranges.clear();
  request.headers.erase("Accept-Encoding");
  if (lower_case(request.get_header_value("Expect")) == "100-continue") exchange.await_continue();
  request.headers.erase("Expect");
}

void answer(int socket, const Handler& handler, Share& share) {
  const auto head = read_head(socket);
  if (head.empty()) return;
  if (head.find("\r\n\r\n") == head.npos) {
    refuse(socket, "431 Request Header Fields Too Large");
  } else {
    Exchange exchange(socket, head);
    Protocol protocol(handler, exchange, share);
    bool closed = false;
    protocol.process_request(exchange, /*close_connection=*/true, closed,
                             [&](httplib::Request& in) { drop_extras(in, exchange); });
    send_all(socket, exchange.answer(), Clock::now() + answer_time);
  }
  // A client that is still sending would be told of a reset before it has read the answer.
  ::shutdown(socket, SHUT_WR);
  char bytes[65536];
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

Server::Server(const std::string& address, int port, const ServerLimits& limits) : limits_(limits) {
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
  char text[INET6_ADDRSTRLEN] = "";
  if (bound.ss_family == AF_INET6) {
    const auto& six = reinterpret_cast<const sockaddr_in6&>(bound);
    port_ = ntohs(six.sin6_port);
    loopback_ = IN6_IS_ADDR_LOOPBACK(&six.sin6_addr);
    wildcard_ = IN6_IS_ADDR_UNSPECIFIED(&six.sin6_addr);
    ::inet_ntop(AF_INET6, &six.sin6_addr, text, sizeof text);
  } else {
    const auto& four = reinterpret_cast<const sockaddr_in&>(bound);
    port_ = ntohs(four.sin_port);
    loopback_ = ntohl(four.sin_addr.s_addr) >> 24 == 127;
    wildcard_ = four.sin_addr.s_addr == INADDR_ANY;
    ::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text);
  }
  address_ = text;
}

Server::~Server() {
  ::close(socket_);
}

void Server::stop() {
  stopping_ = true;
  ::shutdown(socket_, SHUT_RDWR);  // accept returns
}

void Server::run(const Handler& handler) {
  std::atomic<int> connections = 0;
  std::atomic<std::size_t> held = 0;
  while (!stopping_) {
    const int client = ::accept4(socket_, nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) {  // gone again, or no descriptors left for a moment
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
      continue;
    }
    if (++connections > limits_.connections) {
      refuse(client, "503 Service Unavailable", "Retry-After: 1\r\n");
      ::close(client);
      --connections;
      continue;
    }
    try {
      std::thread([client, &handler, &connections, &held, most = limits_.body_memory] {
        {
          Share share(held, most);
          answer(client, handler, share);
        }
        ::close(client);
        --connections;
      }).detach();
    } catch (const std::system_error&) {  // no thread to be had
      ::close(client);
      --connections;
    }
  }
  while (connections > 0) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

}  // namespace archsweep::http
