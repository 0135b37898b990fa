#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "results/query.h"
#include "runner/cli/database.h"
#include "runner/http/door.h"
#include "runner/http/server.h"
#include "runner/serve/site.h"
#include "runner/support/error.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::string database, bind = "127.0.0.1", token;
  int port = 8000;
};

int serve(const Options& o) {
  if (!o.token.empty()) http::check_token(o.token);
  const auto database = find_database(o.database);
  results::Reader{database};  // says what is wrong with it now, not in the browser
  http::Server server(o.bind, o.port);
  const auto door = http::door_of(server, o.token);
  fmt::print("{} is served, read-only, at\n  {}\n", database,
             fmt::join(urls_of(server, door), "\n  "));
  if (!door.loopback)
    fmt::print(
        "whoever has this address can read the results; it goes over the network in the clear\n");
  fmt::print("Ctrl-C ends it.\n");
  if (std::fflush(stdout) != 0) throw Error("cannot write the output", Exit::environment);
  [[maybe_unused]] const int kind = ::nice(10);  // the sweep beside it comes first
  serve::Site site(database);
  server.run([&](const http::Request& request) {
    return door(request, [&](const http::Request& allowed) { return site(allowed); });
  });
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("database", o->database,
                 "Results database; by default the only *.db in this folder");
  app.add_option("--port", o->port, "Port to listen on; 0: any that is free")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  app.add_option("--bind", o->bind,
                 "Address to listen on; 0.0.0.0 lets other machines in, who must have the token")
      ->capture_default_str();
  app.add_option("--token", o->token,
                 "What a browser must have; made and printed where --bind lets others in");
  return [o] { return serve(*o); };
}

}  // namespace

extern const Command serve_command;
const Command serve_command{
    "serve", "Show a sweep in the browser while it runs",
    "  archsweep serve quickstart.db\n"
    "  archsweep serve quickstart.db --bind 0.0.0.0      (for the phone in the same network)\n"
    "  ssh -L 8000:localhost:8000 machine archsweep serve quickstart.db\n",
    declare};

}  // namespace archsweep::cli
