// Who may come in, from request to response, without sockets.

#include "runner/http/door.h"

#include <catch2/catch.hpp>

#include "runner/support/error.h"
#include "tests/runner/http/requests.h"

using namespace archsweep;
using namespace archsweep::http;
using Catch::Matchers::Contains;

namespace {

const Handler yes = [](const Request&) { return Response{.body = "secret"}; };

int status(const Door& door, const Request& request) {
  const auto answer = door(request, yes);
  CHECK((answer.status == 200) == (answer.body == "secret"));
  return answer.status;
}

}  // namespace

TEST_CASE("the door lets only reads in, and only under our own names") {
  const Door door;
  CHECK(status(door, get("/")) == 200);
  for (const auto* method : {"POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH"}) {
    auto request = get("/");
    request.method = method;
    CHECK(status(door, request) == 405);
    CHECK(header_of(door(request, yes), "Allow") == "GET, HEAD");
  }
  auto post = get("/");
  post.method = "POST";
  CHECK(status(Door{.methods = "GET, HEAD, POST"}, post) == 200);
  for (const auto* ours :
       {"localhost", "LOCALHOST:9000", "127.0.0.1:8000", "127.1.2.3", "[::1]:80"})
    CHECK(status(door, get("/", {}, {{"host", ours}})) == 200);
  for (const auto* other :
       {"", "evil.example", "localhost.evil.example:8000", "127.0.0.1.evil.example", "192.168.1.2",
        "[::1", "[2001:db8::1]", "evil@localhost"})
    CHECK(status(door, get("/", {}, {{"host", other}})) == 421);
  CHECK(status(door, get("/", {}, {})) == 421);
  CHECK(status(Door{.any_name = true}, get("/", {}, {{"host", "pets.example"}})) == 200);
  CHECK(status(door, get("/", {}, {{"host", "localhost"}, {"host", "localhost"}})) == 421);

  Door open{.token = "0123456789abcdef", .names = {"bench"}, .loopback = false};
  const std::pair<std::string, std::string> bearer{"authorization", "Bearer 0123456789abcdef"};
  for (const auto* ours : {"192.168.1.2:8000", "bench:8000", "Bench", "[2001:db8::1]:8000"})
    CHECK(status(open, get("/", {}, {{"host", ours}, bearer})) == 200);
  CHECK(status(open, get("/", {}, {{"host", "bench.evil.example"}, bearer})) == 421);
}

TEST_CASE("scripts of other sites get no answers") {
  const Door door;
  const auto from = [&](const char* site, const char* path) {
    return status(door, get(path, {}, {{"host", "localhost"}, {"sec-fetch-site", site}}));
  };
  CHECK(from("cross-site", "/api/trials") == 403);
  CHECK(from("same-site", "/api/trials") == 403);
  CHECK(from("same-origin", "/api/trials") == 200);
  CHECK(from("none", "/api/trials") == 200);
  CHECK(from("cross-site", "/") == 200);  // a link to the page is fine
  auto predict = get("/predict", {}, {{"host", "localhost"}, {"sec-fetch-site", "cross-site"}});
  CHECK(status(Door{.scripts = "/predict"}, predict) == 403);
  const auto policy = header_of(door(get("/"), yes), "Content-Security-Policy");
  CHECK_THAT(policy, Contains("default-src 'none'") && Contains("frame-ancestors 'none'"));
  CHECK_THAT(policy, !Contains("unsafe"));
}

TEST_CASE("on a network the token is asked for, once") {
  const Door door{.token = "0123456789abcdef", .loopback = false, .cookie = "c"};
  const auto with = [&](const char* name, const std::string& value) {
    return get("/api/summary", {}, {{"host", "localhost"}, {name, value}});
  };
  CHECK(status(door, get("/")) == 401);
  CHECK(status(door, get("/", {{"token", "0123456789abcdee"}})) == 401);
  CHECK(status(door, get("/", {{"token", ""}})) == 401);
  CHECK(status(door, with("authorization", "Bearer 0123456789abcdef")) == 200);
  CHECK(status(door, with("authorization", "Bearer 0123456789abcdef0")) == 401);
  CHECK(status(door, with("authorization", "0123456789abcdef")) == 401);
  CHECK(status(door, with("cookie", "other=1; c=0123456789abcdef; c2=x")) == 200);
  CHECK(status(door, with("cookie", "c=0123456789abcde")) == 401);
  CHECK(status(door, with("cookie", "cc=0123456789abcdef")) == 401);
  const auto cookie = header_of(door(get("/", {{"token", "0123456789abcdef"}}), yes), "Set-Cookie");
  CHECK_THAT(cookie, Contains("c=0123456789abcdef;") && Contains("HttpOnly") &&
                         Contains("SameSite=Strict"));
  CHECK(header_of(door(with("cookie", "c=0123456789abcdef"), yes), "Set-Cookie").empty());

  CHECK(random_token().size() == 32);
  CHECK(random_token() != random_token());
  CHECK_NOTHROW(check_token(random_token()));
  for (const auto* bad : {"short", "0123456789abcde ", "0123456789abcdef;", "0123456789abcd\r\n"})
    CHECK_THROWS_AS(check_token(bad), Error);
}
