#include "runner/trial/measure/lease.h"

#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <future>
#include <memory>
#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "runner/support/error.h"

using namespace archsweep::runner;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

// Locks of this test's own. A lease of one object is to another as that of another process.
struct Locks {
  fs::path folder = fs::temp_directory_path() / ("archsweep-locks-" + std::to_string(::getpid()));
  Locks() {
    fs::create_directories(folder);
    ::setenv("ARCHSWEEP_LOCKS", folder.c_str(), 1);
  }
  ~Locks() {
    ::unsetenv("ARCHSWEEP_LOCKS");
    fs::remove_all(folder);
  }
};

std::unique_ptr<Lease> lease(const char* device = "cpu") {
  return std::make_unique<Lease>(device, nullptr);
}

template <typename Future>
bool waits(Future& future) {
  return future.wait_for(50ms) == std::future_status::timeout;
}

void until(const std::function<bool()>& condition) {
  for (int i = 0; i < 2000 && !condition(); ++i) std::this_thread::sleep_for(5ms);
  CHECK(condition());
}

}  // namespace

TEST_CASE("one that times keeps others out until it lets go, on its own device alone") {
  const Locks locks;
  auto first = lease(), second = lease(), other = lease("cuda:0");
  first->alone();
  other->alone();
  auto waiting = std::async(std::launch::async, [&] { second->alone(); });
  CHECK(waits(waiting));
  first.reset();
  waiting.get();
}

TEST_CASE("any number train at once; none is wanted away while nobody times") {
  const Locks locks;
  auto a = lease(), b = lease();
  a->share();
  b->share();
  CHECK_FALSE(a->is_wanted());
}

TEST_CASE("who trains steps aside for who wants to time, and newcomers wait behind") {
  const Locks locks;
  auto trainer = lease(), newcomer = lease(), timer = lease();
  trainer->share();
  auto timing = std::async(std::launch::async, [&] { timer->alone(); });
  until([&] { return trainer->is_wanted(); });
  CHECK(waits(timing));
  auto coming = std::async(std::launch::async, [&] { newcomer->share(); });
  CHECK(waits(coming));  // else those that come would keep it waiting for ever
  auto aside = std::async(std::launch::async, [&] { trainer->share(); });
  timing.get();
  CHECK(waits(aside));
  timer.reset();
  aside.get();
  coming.get();
}

TEST_CASE("two that trained may both time afterwards, one after the other") {
  const Locks locks;
  auto a = lease(), b = lease();
  a->share();
  b->share();
  auto first = std::async(std::launch::async, [&] {
    a->alone();
    a.reset();
  });
  auto second = std::async(std::launch::async, [&] {
    b->alone();
    b.reset();
  });
  first.get();
  second.get();
}

TEST_CASE("a process that is killed leaves nothing behind") {
  const Locks locks;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const int child = ::fork();
  if (child == 0) {
    Lease held("cpu", nullptr);
    held.alone();
    [[maybe_unused]] const auto n = ::write(ready[1], "x", 1);
    for (;;) ::pause();
  }
  char byte;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  std::vector<bool> told;
  Lease mine("cpu", [&](bool waits) { told.push_back(waits); });
  CHECK(mine.is_wanted());
  auto waiting = std::async(std::launch::async, [&] { mine.alone(); });
  CHECK(waits(waiting));
  ::kill(child, SIGKILL);
  waiting.get();
  CHECK(told == std::vector<bool>{true, false});
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("a folder that is not there is named, with the mend") {
  const Locks locks;
  fs::remove_all(locks.folder);
  CHECK_THROWS_WITH(lease(),
                    Catch::Contains(locks.folder.string()) && Catch::Contains("ARCHSWEEP_LOCKS"));
}
