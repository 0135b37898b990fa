#include "runner/http/door.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <iterator>
#include <memory>
#include <random>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::http {
namespace {

// The time it takes says nothing about where the two differ.
bool equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned different = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    different |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return different == 0;
}

// "Example:8000" -> "example", "[::1]:8000" -> "::1"
std::string host_of(std::string text) {
  text = lower_case(text);
  if (text.starts_with('['))
    return text.find(']') == text.npos ? "" : text.substr(1, text.find(']') - 1);
  return text.substr(0, text.find(':'));
}

bool is_address(const std::string& host) {
  unsigned char bytes[sizeof(in6_addr)];
  return ::inet_pton(AF_INET, host.c_str(), bytes) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), bytes) == 1;
}

bool is_loopback(const std::string& host) {
  in_addr four{};
  return host == "::1" ||
         (::inet_pton(AF_INET, host.c_str(), &four) == 1 && ntohl(four.s_addr) >> 24 == 127);
}

// No site can have an address as its name, so that only names can be pointed at us.
bool is_ours(const Door& door, const std::string& host) {
  if (door.any_name || host == "localhost" || is_loopback(host)) return true;
  return std::ranges::find(door.names, host) != door.names.end() ||
         (!door.loopback && is_address(host));
}

bool allows(const std::string& methods, const std::string& method) {
  const auto list = split(methods, ',');
  return std::ranges::any_of(
      list, [&](std::string_view m) { return m.substr(m.starts_with(' ') ? 1 : 0) == method; });
}

std::string cookie_of(const Request& request, const std::string& name) {
  for (const auto& part : split(header(request, "cookie"), ';')) {
    const auto start = part.find_first_not_of(' ');
    if (start != part.npos && std::string_view(part).substr(start).starts_with(name + "="))
      return part.substr(start + name.size() + 1);
  }
  return "";
}

// Only what this server sends is run or shown. Plotly makes one empty <style> and fills it by
// script: the hash is that of nothing.
constexpr const char* policy =
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data: blob:; "
    "style-src 'self' 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Response refused(int status, std::string why) {
  return {.status = status, .body = std::move(why) + "\n"};
}

Response decide(const Door& door, const Request& request, const Handler& handler) {
  if (!allows(door.methods, request.method)) {
    auto no = refused(405, "only " + door.methods + " here");
    no.headers.emplace_back("Allow", door.methods);
    return no;
  }
  const auto host = host_of(header(request, "host"));
  if (!is_ours(door, host))
    return refused(421,
                   "this server does not answer under that name; use localhost or its address");
  // Browsers say where a request comes from; another site's script has no business here.
  const auto site = header(request, "sec-fetch-site");
  if (request.path.starts_with(door.scripts) && !site.empty() && site != "same-origin" &&
      site != "none")
    return refused(403, "not for scripts of other sites");
  if (door.token.empty()) return handler(request);

  const auto asked = request.query.find("token");
  const bool by_url = asked != request.query.end() && equal(asked->second, door.token);
  if (!by_url && !equal(header(request, "authorization"), "Bearer " + door.token) &&
      !equal(cookie_of(request, door.cookie), door.token))
    return refused(401,
                   "the token is missing or wrong: open the whole address that archsweep "
                   "printed, or send it as `Authorization: Bearer TOKEN`");
  auto answer = handler(request);
  if (by_url)
    answer.headers.emplace_back(
        "Set-Cookie", fmt::format("{}={}; Path=/; Max-Age=2592000; HttpOnly; SameSite=Strict",
                                  door.cookie, door.token));
  return answer;
}

// In lower case, as browsers send it back.
std::string host_name() {
  char name[256] = "";
  ::gethostname(name, sizeof name - 1);
  return lower_case(name);
}

// By which the network reaches this machine.
std::vector<std::string> own_addresses() {
  ifaddrs* raw = nullptr;
  if (::getifaddrs(&raw) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(raw, &::freeifaddrs);
  std::vector<std::string> addresses;
  for (const auto* one = all.get(); one; one = one->ifa_next) {
    if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET || !(one->ifa_flags & IFF_UP) ||
        (one->ifa_flags & IFF_LOOPBACK))
      continue;
    char text[INET_ADDRSTRLEN] = "";
    const auto& four = reinterpret_cast<const sockaddr_in&>(*one->ifa_addr);
    addresses.emplace_back(::inet_ntop(AF_INET, &four.sin_addr, text, sizeof text));
  }
  return addresses;
}

}  // namespace

Response Door::operator()(const Request& request, const Handler& handler) const {
  auto answer = decide(*this, request, handler);
  for (const auto& [name, value] : std::initializer_list<std::pair<const char*, const char*>>{
           {"Content-Security-Policy", policy},
           {"X-Content-Type-Options", "nosniff"},
           {"Referrer-Policy", "no-referrer"},
           {"Cross-Origin-Resource-Policy", "same-origin"},
           {"Cross-Origin-Opener-Policy", "same-origin"}})
    answer.headers.emplace_back(name, value);
  return answer;
}

Door door_of(const Server& server, const std::string& token) {
  return {.token = token.empty() && !server.loopback() ? random_token() : token,
          .names = {host_name(), host_name() + ".local"},
          .loopback = server.loopback(),
          .cookie = fmt::format("archsweep_{}", server.port())};
}

std::vector<std::string> urls_of(const Server& server, const Door& door) {
  std::vector<std::string> hosts{server.wildcard() ? host_name() : server.address()};
  if (server.wildcard()) std::ranges::copy(own_addresses(), std::back_inserter(hosts));
  for (auto& host : hosts)
    host = fmt::format("http://{}:{}/{}", host.find(':') == host.npos ? host : "[" + host + "]",
                       server.port(), door.token.empty() ? "" : "?token=" + door.token);
  return hosts;
}

std::string random_token() {
  std::random_device device;
  std::string token;
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", device());
  return token;
}

void check_token(std::string_view token) {
  const bool plain = std::ranges::all_of(
      token, [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
  if (!plain || token.size() < 16 || token.size() > 200)
    throw Error("--token: give 16 to 200 letters, digits, - and _; without it one is made");
}

}  // namespace archsweep::http
