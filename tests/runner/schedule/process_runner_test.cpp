#include "runner/schedule/process_runner.h"

#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include <catch2/catch.hpp>

#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

// A program of /bin/sh in the folder.
std::filesystem::path script(const Folder& folder, const std::string& text) {
  const auto path = folder.path / "worker";
  std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  return path;
}

struct Heard {
  std::vector<Event> events;
  Ended ended;
};

Launch launch(const Folder& folder, double time_limit = 0) {
  return {{.kind = "nothing"}, folder.path / "files", time_limit};
}

Heard hear(ProcessRunner& runner, int pid) {
  for (Heard heard;;) {
    const auto happening = runner.next();
    if (happening.pid != pid) continue;
    if (const auto* event = std::get_if<Event>(&happening.what)) heard.events.push_back(*event);
    if (const auto* ended = std::get_if<Ended>(&happening.what)) return heard.ended = *ended, heard;
  }
}

std::string hello(int protocol) {
  auto line = encode(Hello{.protocol = protocol});
  line.pop_back();
  return "echo '" + line + "' >&3\n";
}

}  // namespace

TEST_CASE("a script is executed for each job, and is heard") {
  const Folder folder;
  ProcessRunner runner(script(
      folder, "cat; echo aside >&2; " + hello(protocol_version) + "[ $# = 0 ] || exit 9; exit 4"));
  for (int i = 0; i < 2; ++i) {
    const auto heard = hear(runner, runner.start(launch(folder)));
    REQUIRE(heard.events.size() == 1);
    CHECK(std::holds_alternative<Hello>(heard.events[0]));
    CHECK(heard.ended.exit_code == 4);
    CHECK(heard.ended.tail.find("\"kind\":\"nothing\"") != std::string::npos);  // its stdin
    CHECK(heard.ended.tail.find("aside") != std::string::npos);
  }
}

TEST_CASE("a program that is no fork server is executed for each job") {
  const Folder folder;
  ProcessRunner runner("/bin/false");
  for (int i = 0; i < 2; ++i) {
    const auto heard = hear(runner, runner.start(launch(folder)));
    CHECK(heard.events.empty());
    CHECK(heard.ended.exit_code == 1);
  }
}

TEST_CASE("a program that cannot be run is an error with its name") {
  const Folder folder;
  const auto program = folder.path / "worker";
  std::ofstream(program) << "no program";
  std::filesystem::permissions(program, std::filesystem::perms::owner_all);
  ProcessRunner runner(program);
  CHECK_THROWS_WITH(runner.start(launch(folder)),
                    Catch::Contains(program.string()) && Catch::Contains("cannot be run"));
}

TEST_CASE("a worker of another protocol is not listened to") {
  const Folder folder;
  ProcessRunner runner(
      script(folder, hello(protocol_version + 1) + hello(protocol_version) + "exec sleep 600"));
  const auto heard = hear(runner, runner.start(launch(folder)));
  REQUIRE(heard.events.size() == 1);
  const auto& failure = std::get<results::Failure>(heard.events[0]);
  CHECK(failure.cause == results::Cause::bad_config);
  CHECK(failure.message.find((folder.path / "worker").string()) == 0);
  CHECK(failure.message.find(std::to_string(protocol_version + 1)) != std::string::npos);
  CHECK(heard.ended.signal == SIGKILL);
  CHECK_FALSE(heard.ended.out_of_memory);
}

TEST_CASE("a worker is known by its job, while it runs") {
  const Folder folder;
  ProcessRunner runner(script(folder, "exec sleep 600"));
  const int pid = runner.start(launch(folder));
  CHECK(is_worker_of(pid, (folder.path / "files.jsonl").string()));
  folder.write("others.json", "{}");
  CHECK_FALSE(is_worker_of(pid, (folder.path / "others.jsonl").string()));
  CHECK_FALSE(is_worker_of(pid, ""));
  runner.stop(/*at_once=*/true);
  CHECK(hear(runner, pid).ended.signal == SIGKILL);
  CHECK_FALSE(is_worker_of(pid, (folder.path / "files.jsonl").string()));
}

TEST_CASE("who says nothing for too long is ended, but who waits for others or goes on is not") {
  const Folder folder;
  const auto told = [](const char* phase) {
    auto line = encode(Progress{.phase = phase});
    line.pop_back();
    return "echo '" + line + "' >&3\n";
  };
  const auto ended = [&](const std::string& text, double time_limit = 0) {
    ProcessRunner runner(script(folder, text), /*grace_seconds=*/0.5);
    auto silent = launch(folder, time_limit);
    silent.silence_limit = 1;
    return hear(runner, runner.start(silent)).ended;
  };
  const auto hung = ended(hello(protocol_version) + "trap '' TERM; while :; do sleep 1; done");
  CHECK(hung.hung);
  CHECK(hung.limit == 1);
  CHECK(hung.signal == SIGKILL);
  CHECK(ended(told("wait") + "sleep 2.5; exit 7").exit_code == 7);
  CHECK(ended(told("wait") + "sleep 2.5; exit 7", /*time_limit=*/1).exit_code == 7);
  CHECK(ended(told("wait") + "sleep 1.5\n" + told("start") + "exec sleep 0.9", 0.5).timed_out);
  CHECK(ended(told("wait") + "sleep 2.5\n" + told("start") + "exec sleep 600").hung);
}

TEST_CASE("who does not end though it was killed is left behind") {
  const Folder folder;
  ProcessRunner runner(script(folder, hello(protocol_version) + "exec sleep 600"),
                       /*grace_seconds=*/0.1);
  const int pid = runner.start(launch(folder, /*time_limit=*/0.5));
  // Its death is hidden from its parent for as long as whoever traces it does not look.
  const int tracer = ::fork();
  if (tracer == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr) != 0) ::_exit(1);
    for (;;) ::pause();
  }
  REQUIRE(tracer > 0);
  const auto ended = hear(runner, pid).ended;
  CHECK(ended.timed_out);
  if (::waitpid(tracer, nullptr, WNOHANG) != 0) return;  // tracing is not allowed
  CHECK(ended.taken_by.find("does not end") != std::string::npos);
  CHECK(::kill(pid, 0) == 0);
  ::kill(tracer, SIGKILL);
  ::waitpid(tracer, nullptr, 0);
  for (int i = 0; i < 100 && ::kill(pid, 0) == 0; ++i) runner.next();
  CHECK(::kill(pid, 0) != 0);  // reaped later
}

TEST_CASE("what a worker started ends with it, and a worker that takes too long is ended") {
  const Folder folder;
  ProcessRunner runner(script(folder, "trap '' TERM; sleep 600 & echo $!; wait; wait"),
                       /*grace_seconds=*/0.5);
  const auto heard = hear(runner, runner.start(launch(folder, /*time_limit=*/0.5)));
  CHECK(heard.ended.timed_out);
  const int child = std::stoi(heard.ended.tail);
  for (int i = 0; i < 100 && ::kill(child, 0) == 0; ++i) runner.next();  // a quarter second each
  CHECK(::kill(child, 0) != 0);
}
