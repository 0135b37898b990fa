#include "runner/schedule/slurm_runner.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstdlib>

#include <fmt/format.h>

#include "results/store.h"
#include "runner/schedule/conclude.h"
#include "runner/schedule/ingest.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;
using results::Cause;

namespace {

// A Slurm of scripts: sbatch counts arrays and keeps what it was asked, squeue tells what the test
// says, scancel keeps whom it was to end.
class FakeSlurm {
 public:
  FakeSlurm() {
    for (const auto& [name, what] :
         {std::pair{"sbatch",
                    R"sh([ ! -e refuse ] || { echo "sbatch: error: no" >&2; exit 1; }
echo "$@" >> asked; echo "$(grep -c . asked);here")sh"},
          {"squeue", R"sh([ ! -e away ] || exit 1
case "$*" in *--states*) cat states ;; esac)sh"},
          {"sacct", R"sh(cat accounts)sh"},
          {"scancel", R"sh(echo "$@" >> cancelled)sh"}})
      folder.write(fmt::format("bin/{}", name),
                   fmt::format("#!/bin/bash\ncd '{}'\n{}\n",
                               folder.path.string(), what));
    for (const auto* name : {"sbatch", "squeue", "sacct", "scancel"})
      std::filesystem::permissions(folder.path / "bin" / name, std::filesystem::perms::owner_all);
    state("1|0|PENDING|0|\n1|1|PENDING|0|\n");
    std::filesystem::create_directories(trials());
    path_ = std::getenv("PATH");
    ::setenv("PATH", ((folder.path / "bin").string() + ":" + path_).c_str(), 1);
  }
  ~FakeSlurm() { ::setenv("PATH", path_.c_str(), 1); }

  std::filesystem::path trials() const { return folder.path / "pets-files" / "trials"; }
  Launch launch(const std::string& name) const {
    Launch launch{.files = trials() / name};
    launch.job.kind = "train";
    launch.job.threads = 2;
    return launch;
  }
  // What the task says, as its journal has it.
  void say(const std::string& name, const Event& event) {
    std::ofstream(trials() / (name + ".jsonl"), std::ios::app) << encode(event);
  }
  void state(const std::string& lines) { folder.write("states", lines); }
  std::string told(const std::string& file) const {
    std::ifstream stream(folder.path / file);
    return std::string(std::istreambuf_iterator<char>(stream), {});
  }

  Folder folder;

 private:
  std::string path_;
};

constexpr SlurmPace at_once{0, 0};

// The next thing of this kind, of any worker.
template <typename What>
std::pair<int, What> next(SlurmRunner& runner) {
  for (int i = 0; i < 200; ++i) {
    auto happening = runner.next();
    if (auto* what = std::get_if<What>(&happening.what)) return {happening.pid, std::move(*what)};
  }
  throw std::logic_error("it never happens");
}

const Event epoch_1 = results::Epoch{.number = 1}, epoch_2 = results::Epoch{.number = 2};

}  // namespace

TEST_CASE("trials of equal limits make one array, and each follows its journal", "[slurm]") {
  FakeSlurm slurm;
  SlurmConfig config{.partition = "gpu", .gpus = "a100:1", .extra = "--nice  --exclude=n1"};
  SlurmRunner runner(config, "/bin/worker", slurm.trials(), at_once);
  const int a = runner.start(slurm.launch("a")), b = runner.start(slurm.launch("b"));
  CHECK(a < 0);
  CHECK(a != b);
  CHECK(next<Submitted>(runner).second.task == "1_0");
  CHECK(next<Submitted>(runner).second.task == "1_1");
  const auto asked = slurm.told("asked");
  CHECK(asked == fmt::format("--parsable --requeue --open-mode=append --job-name={} --array=0-1 "
                             "--output={}/slurm-%A_%a.out --cpus-per-task=2 --gres=gpu:a100:1 "
                             "--partition=gpu --nice --exclude=n1 {}/slurm.sh\n",
                             slurm_name(slurm.trials() / "x"), slurm.trials().string(),
                             slurm.trials().string()));
  slurm.state("1|0|RUNNING|0|\n1|1|PENDING|0|\n");
  slurm.say("b", Hello{});
  CHECK(next<Event>(runner).first == b);
  slurm.say("a", epoch_1);
  CHECK(next<Event>(runner).first == a);
  // A requeued task tells its epochs again, after a line that was cut off.
  slurm.folder.write("pets-files/trials/more", "");
  std::ofstream(slurm.trials() / "a.jsonl", std::ios::app) << R"({"event":"epo)"
                                                           << "\n";
  slurm.say("a", Hello{});
  slurm.say("a", epoch_1);
  slurm.say("a", epoch_2);
  CHECK(std::holds_alternative<Hello>(next<Event>(runner).second));
  CHECK(std::get<results::Epoch>(next<Event>(runner).second).number == 2);
  slurm.folder.write("pets-files/trials/a.log", "last words");
  slurm.say("a", results::Summary{});
  CHECK(std::holds_alternative<results::Summary>(next<Event>(runner).second));
  const auto [who, how] = next<Ended>(runner);
  CHECK(who == a);
  CHECK(how.tail == "last words");
}

TEST_CASE("what Slurm says of a task is told as the end of a worker", "[slurm]") {
  struct Expected {
    const char* state;
    Cause cause;
    const char* message;
  };
  const auto e = GENERATE(values<Expected>({
      {"FAILED|11", Cause::crashed, "signal 11 (Segmentation fault)"},
      {"FAILED|256", Cause::crashed, "exit code 1 without a result"},
      {"COMPLETED|0", Cause::crashed, "exit code 0 without a result"},
      {"NODE_FAIL|0", Cause::killed, "Slurm: NODE_FAIL"},
      {"PREEMPTED|0", Cause::killed, "Slurm: PREEMPTED"},
      {"CANCELLED|15", Cause::killed, "Slurm: CANCELLED"},
      {"TIMEOUT|0", Cause::timeout, "longer than 60 s"},
      {"OUT_OF_MEMORY|0", Cause::out_of_memory, "the kernel killed it for want of memory"},
  }));
  FakeSlurm slurm;
  SlurmRunner runner({.time = 60}, "/bin/worker", slurm.trials(), at_once);
  runner.start(slurm.launch("a"));
  next<Submitted>(runner);
  slurm.folder.write("pets-files/trials/slurm-1_0.out", "slurmstepd: error: why");
  slurm.state(fmt::format("1|0|{}|\n", e.state));
  const auto failure = conclude(next<Ended>(runner).second);
  CHECK(failure.cause == e.cause);
  CHECK(failure.message == e.message);
  CHECK(failure.stderr_tail == "slurmstepd: error: why");
  CHECK_FALSE(std::filesystem::exists(slurm.trials() / "slurm-1_0.out"));
}

TEST_CASE("limits come from the config, else from what was measured", "[slurm]") {
  FakeSlurm slurm;
  auto launch = slurm.launch("a");
  launch.forecast_seconds = 3600;
  launch.memory_bytes = 3e9;
  const auto asked = [&](const SlurmConfig& config) {
    std::filesystem::remove(slurm.folder.path / "asked");
    SlurmRunner runner(config, "/bin/worker", slurm.trials(), at_once);
    runner.start(launch);
    next<Submitted>(runner);
    return slurm.told("asked");
  };
  CHECK_THAT(asked({}), Contains("--time=256 --mem=7168M "));
  CHECK_THAT(asked({.time = 7200, .memory = 2e9}), Contains("--time=120 --mem=1908M "));
  launch.time_limit = 90;
  CHECK_THAT(asked({.time = 7200}), Contains("--time=2 "));
  launch.time_limit = 10000;
  CHECK_THAT(asked({.time = 7200}), Contains("--time=120 "));
  launch = slurm.launch("a");
  launch.job.device = "cuda:0";
  launch.memory_bytes = 3e9;  // of the GPU
  CHECK_THAT(asked({}), !Contains("--time") && !Contains("--mem"));
}

TEST_CASE("a task that came further goes on after Slurm's time limit, not after the user's",
          "[slurm]") {
  FakeSlurm slurm;
  SlurmRunner runner({.time = 3600}, "/bin/worker", slurm.trials(), at_once);
  const int a = runner.start(slurm.launch("a"));
  next<Submitted>(runner);
  slurm.say("a", epoch_1);
  next<Event>(runner);
  slurm.state("1|0|TIMEOUT|0|\n");
  CHECK(next<Submitted>(runner).second.task == "2_0");
  slurm.state("1|0|TIMEOUT|0|\n2|0|TIMEOUT|0|\n");  // no epoch in all that time
  const auto [who, how] = next<Ended>(runner);
  CHECK(who == a);
  CHECK(how.timed_out);

  slurm.state("3|0|RUNNING|0|\n");
  auto limited = slurm.launch("b");
  limited.time_limit = 60;
  runner.start(limited);
  next<Submitted>(runner);
  slurm.say("b", epoch_1);
  next<Event>(runner);
  slurm.state("3|0|TIMEOUT|0|\n");
  CHECK(next<Ended>(runner).second.limit == 60);
}

TEST_CASE("a memory limit that was a forecast is doubled, twice at most", "[slurm]") {
  FakeSlurm slurm;
  SlurmRunner runner({}, "/bin/worker", slurm.trials(), at_once);
  auto launch = slurm.launch("a");
  launch.memory_bytes = 1 << 30;
  runner.start(launch);
  slurm.state("1|0|OUT_OF_MEMORY|0|\n2|0|OUT_OF_MEMORY|0|\n3|0|OUT_OF_MEMORY|0|\n");
  CHECK(next<Ended>(runner).second.out_of_memory);
  CHECK_THAT(slurm.told("asked"),
             Contains("--mem=4096M") && Contains("--mem=8192M") && Contains("--mem=16384M"));
}

TEST_CASE("where sbatch refuses, tasks wait for those that run; where none does, it is an error",
          "[slurm]") {
  FakeSlurm slurm;
  SlurmRunner runner({}, "/bin/worker", slurm.trials(), at_once);
  const int a = runner.start(slurm.launch("a"));
  next<Submitted>(runner);
  slurm.state("1|0|RUNNING|0|\n2|0|RUNNING|0|\n");
  slurm.folder.write("refuse", "");
  const int b = runner.start(slurm.launch("b"));
  CHECK(std::holds_alternative<Tick>(runner.next().what));
  std::filesystem::remove(slurm.folder.path / "refuse");
  CHECK(next<Submitted>(runner).first == b);
  slurm.say("a", results::Summary{});
  slurm.say("b", results::Summary{});
  CHECK(next<Ended>(runner).first + next<Ended>(runner).first == a + b);
  slurm.folder.write("refuse", "");
  runner.start(slurm.launch("c"));
  CHECK_THROWS_WITH(runner.next(), Contains("sbatch: error: no"));
}

TEST_CASE("a task that Slurm has forgotten is over; a Slurm that is away says nothing", "[slurm]") {
  FakeSlurm slurm;
  SlurmRunner runner({}, "/bin/worker", slurm.trials(), at_once);
  runner.start(slurm.launch("a"));
  next<Submitted>(runner);
  slurm.folder.write("away", "");
  slurm.state("");
  for (int i = 0; i < 4; ++i) CHECK(std::holds_alternative<Tick>(runner.next().what));
  std::filesystem::remove(slurm.folder.path / "away");
  SECTION("by everyone") {
    CHECK(next<Ended>(runner).second.taken_by == "Slurm has forgotten it");
  }
  SECTION("but by its accounting") {
    slurm.folder.write("accounts", "CANCELLED by 1000|0:15\n");
    CHECK(next<Ended>(runner).second.taken_by == "Slurm: CANCELLED");
  }
}

TEST_CASE("a task that gives no sign of life is cancelled, but not while it waits", "[slurm]") {
  FakeSlurm slurm;
  SlurmRunner runner({}, "/bin/worker", slurm.trials(), at_once);
  auto launch = slurm.launch("a");
  launch.silence_limit = 1e-9;
  const auto is_cancelled = [&] {
    for (int i = 0; i < 4; ++i) runner.next();
    return slurm.told("cancelled").find("1_0") != std::string::npos;
  };
  slurm.state("1|0|PENDING|0|\n");
  runner.start(launch);
  next<Submitted>(runner);
  CHECK_FALSE(is_cancelled());
  slurm.state("1|0|RUNNING|0|\n");
  CHECK_FALSE(is_cancelled());  // its worker has not begun
  slurm.say("a", Progress{.phase = "wait"});
  CHECK_FALSE(is_cancelled());
  slurm.say("a", Progress{.phase = "start"});
  CHECK(is_cancelled());
  slurm.state("1|0|CANCELLED|15|\n");
  const auto how = next<Ended>(runner).second;
  CHECK(how.hung);
  CHECK(how.limit == 1e-9);
}

TEST_CASE("stopping cancels; at once waits for nobody", "[slurm]") {
  FakeSlurm slurm;
  SlurmRunner runner({}, "/bin/worker", slurm.trials(), at_once);
  const int a = runner.start(slurm.launch("a"));
  next<Submitted>(runner);
  const int b = runner.start(slurm.launch("b"));  // not submitted yet
  slurm.state("1|0|RUNNING|0|\n");
  std::filesystem::remove(slurm.folder.path / "cancelled");
  runner.stop(false);
  CHECK_THAT(slurm.told("cancelled"), Contains("--name=" + slurm_name(slurm.trials() / "x")));
  CHECK(next<Ended>(runner).first == b);
  CHECK(std::holds_alternative<Tick>(runner.next().what));
  SECTION("it ends") {
    slurm.state("1|0|CANCELLED|15|\n");
    const auto [who, how] = next<Ended>(runner);
    CHECK(who == a);
    CHECK(how.signal == SIGTERM);
  }
  SECTION("it does not end") {
    runner.stop(true);
    CHECK_THAT(slurm.told("cancelled"), Contains("--signal=KILL"));
    CHECK(next<Ended>(runner).second.signal == SIGKILL);
  }
}

TEST_CASE("a worker of another version is a bad config, and is ended", "[slurm]") {
  FakeSlurm slurm;
  SlurmRunner runner({}, "/bin/worker", slurm.trials(), at_once);
  runner.start(slurm.launch("a"));
  next<Submitted>(runner);
  slurm.say("a", Hello{.protocol = 99});
  CHECK_THAT(std::get<results::Failure>(next<Event>(runner).second).message,
             Contains("/bin/worker speaks protocol 99"));
  next<Ended>(runner);
  CHECK_THAT(slurm.told("cancelled"), Contains("1_0"));
}

TEST_CASE("tasks of a scheduler that was killed are ended before their journals are read",
          "[slurm]") {
  FakeSlurm slurm;
  results::Store store(slurm.folder.path / "a.db");
  const std::vector<results::NewTrial> one{{.fingerprint = "f", .spec = "{}"}};
  const auto id = store.plan(store.begin_sweep("s", "c", ""), one)[0].id;
  const auto attempt = store.start(id, "cpu", (slurm.trials() / "a.jsonl").string());
  store.set_pid(id, attempt, -1);
  store.set_slurm_task(id, attempt, "1_0");
  slurm.say("a", epoch_1);
  SECTION("Slurm answers") {
    CHECK(ingest_unfinished(store) == 1);
    CHECK_THAT(slurm.told("cancelled"), Contains("--name=" + slurm_name(slurm.trials() / "x")));
    CHECK(store.reached(id).top1.size() == 1);
  }
  SECTION("Slurm is away") {
    slurm.folder.write("away", "");
    CHECK_THROWS_WITH(ingest_unfinished(store), Contains("Slurm does not answer"));
    CHECK(store.unfinished().size() == 1);
  }
}

TEST_CASE("without Slurm there is a mend", "[slurm]") {
  const Folder folder;
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path.c_str(), 1);
  CHECK_THROWS_WITH(SlurmRunner({}, "/bin/worker", folder.path), Contains("install Slurm"));
  ::setenv("PATH", path.c_str(), 1);
}
