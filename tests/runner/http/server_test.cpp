// What the server reads of a request, over a socket.

#include "runner/http/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "runner/http/door.h"
#include "runner/support/text.h"

using namespace archsweep::http;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

// Reads the body, behind a door.
Response answer(const Request& request) {
  return Door{.methods = "POST"}(request, [](const Request& allowed) {
    try {
      const auto parts = allowed.read_body({.bytes = 1000, .parts = 2});
      return Response{.body = fmt::format("{} of {}", parts.size(), allowed.path.size())};
    } catch (const Refusal& e) {
      return Response{.status = e.status(), .body = e.what()};
    }
  });
}

class Running {
 public:
  explicit Running(std::size_t body_memory)
      : server_("127.0.0.1", 0, {.body_memory = body_memory}),
        thread_([this] { server_.run(answer); }) {}
  ~Running() {
    server_.stop();
    thread_.join();
  }

  std::string ask(const std::string& request) const {
    const int client = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in where{};
    where.sin_family = AF_INET;
    where.sin_port = htons(static_cast<std::uint16_t>(server_.port()));
    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(client, reinterpret_cast<const sockaddr*>(&where), sizeof where) == 0);
    CHECK(::send(client, request.data(), request.size(), MSG_NOSIGNAL) == ssize_t(request.size()));
    std::string text;
    char bytes[4096];
    for (ssize_t got; (got = ::recv(client, bytes, sizeof bytes, 0)) > 0;)
      text.append(bytes, static_cast<std::size_t>(got));
    ::close(client);
    return text;
  }

 private:
  Server server_;
  std::thread thread_;
};

std::string post(const std::string& path, const std::string& body, const std::string& headers) {
  return fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n{}\r\n{}", path,
                     body.size(), headers, body);
}

}  // namespace

TEST_CASE("whatever the path, the handler is asked before the body is read") {
  const Running server(10000);
  for (const auto* path : {"/", "/%0A", "/%0D", "/a%0D%0Ab", "/%00", "/%FF"}) {
    const auto answer = server.ask(post(path, "photo", ""));
    CHECK_THAT(answer, StartsWith("HTTP/1.1 200 ") && Contains("1 of "));
    CHECK_THAT(answer, Contains("X-Content-Type-Options: nosniff"));
    CHECK_THAT(server.ask(post(path, std::string(2000, 'x'), "")),
               StartsWith("HTTP/1.1 413 ") && Contains("nosniff"));
  }
}

TEST_CASE("a form that finds no room is told to come back") {
  const std::string headers = "Content-Type: multipart/form-data; boundary=edge\r\n";
  const std::string form =
      "--edge\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nabc\r\n--edge--\r\n";
  CHECK_THAT(Running(1000).ask(post("/", form, headers)), StartsWith("HTTP/1.1 200 "));
  CHECK_THAT(Running(sizeof(Part) + 2).ask(post("/", form, headers)), StartsWith("HTTP/1.1 503 "));
  CHECK_THAT(Running(sizeof(Part) - 1).ask(post("/", form, headers)), StartsWith("HTTP/1.1 503 "));
}

TEST_CASE("where a browser finds a server") {
  const auto urls = [](const char* address) {
    const Server server(address, 0);
    auto all = urls_of(server, {.token = ""});
    for (auto& url : all) CHECK_THAT(url, Contains(fmt::format(":{}/", server.port())));
    return all;
  };
  CHECK_THAT(urls("localhost").at(0),
             StartsWith("http://127.0.0.1:") || StartsWith("http://[::1]:"));
  CHECK_THAT(urls("127.1.2.3").at(0), StartsWith("http://127.1.2.3:"));
  CHECK(urls("127.0.0.1").size() == 1);
  const auto all = urls("0.0.0.0");
  CHECK(all[0] == archsweep::lower_case(all[0]));
  for (const auto& url : all) CHECK_THAT(url, !Contains("0.0.0.0") && !Contains("//127."));
}
