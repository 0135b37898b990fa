#include "runner/trial/serve/serve_model.h"

#include <pthread.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <future>
#include <thread>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runner/http/door.h"
#include "runner/http/server.h"
#include "runner/support/error.h"
#include "runner/trial/device.h"
#include "runner/trial/serve/app.h"
#include "runner/trial/serve/docker.h"

namespace archsweep::runner {
namespace {

constexpr http::ServerLimits limits{.connections = 128, .body_memory = 512 << 20};
constexpr std::chrono::seconds last_answers{8};  // docker kills after 10

// For all threads that begin later too.
sigset_t hold_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGINT);
  ::sigaddset(&signals, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  return signals;
}

void say(const ServeModelJob& job, const App& app, const http::Server& server,
         const http::Door& door) {
  fmt::print("{} ({}) is served at\n  {}\n", job.folder, app.name(),
             fmt::join(urls_of(server, door), "\n  "));
  if (!door.loopback)
    fmt::print("whoever {} can ask it; photos go over the network in the clear\n",
               door.token.empty() ? "reaches this machine" : "has this address");
  fmt::print("Ctrl-C ends it.\n");
  if (std::fflush(stdout) != 0) throw Error("cannot write the output", Exit::environment);
}

}  // namespace

int serve_model(const ServeModelJob& job) {
  if (!job.docker.empty()) return write_docker(job);
  const auto signals = hold_signals();
  http::Server server(job.bind, job.port, limits);  // first: a port in use is told at once
  auto door = http::door_of(server, job.token);
  door.methods = "GET, HEAD, POST";
  door.scripts = "/predict";
  if (job.is_open) door.token.clear(), door.any_name = true;
  Exported exported(job.folder, open_device(job.device));
  exported.check_takes_images();
  exported.fold_batch_norms();  // as predict does
  App app(std::move(exported));
  say(job, app, server, door);

  std::promise<void> ended;
  std::thread serving([&] {
    server.run([&](const http::Request& request) {
      return door(request, [&](const http::Request& allowed) { return app(allowed); });
    });
    ended.set_value();
  });
  int number = 0;
  ::sigwait(&signals, &number);
  server.stop();
  ended.get_future().wait_for(last_answers);
  std::fflush(nullptr);
  ::_exit(0);  // with threads that may still answer
}

}  // namespace archsweep::runner
