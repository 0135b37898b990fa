#include "runner/schedule/bench.h"

#include <unistd.h>

#include <catch2/catch.hpp>

#include "fake_runner.h"
#include "results/query.h"

using namespace archsweep;
using namespace archsweep::runner;
using results::Cause;
using results::Measurement;
namespace fs = std::filesystem;

namespace {

constexpr double ms = 1e-3;

Measurement timed(const Launch& launch, const std::string& kind, int batch_size, double seconds) {
  return {.kind = kind,
          .batch_size = batch_size,
          .dtype = "float32",
          .layout = "contiguous",
          .image_size = launch.job.spec.dataset.image_size,
          .protocol = 2,
          .seconds = std::vector<double>(seconds > 0 ? 5 : 0, seconds),
          .conditions = seconds > 0 ? "{}" : R"({"failed":"out_of_memory","message":"too big"})"};
}

struct Benchmark {
  fs::path folder = fs::temp_directory_path() / ("archsweep-bench-" + std::to_string(::getpid()));
  FakeRunner runner;
  BenchPlan plan;
  std::vector<std::string> said;
  // What the n-th visit of the canary takes, in milliseconds.
  std::function<double(int)> canary = [](int) { return 5.0; };
  // What a visit of a candidate tells.
  std::function<Script(const Launch&)> candidate;
  int canaries = 0;

  explicit Benchmark(std::vector<std::string> names) {
    fs::remove_all(folder);
    fs::create_directories(folder);
    plan.folder = folder / "files";
    for (const auto& name : names) {
      TrialSpec spec;
      spec.architecture = name;
      spec.dataset.kind = "random";
      spec.measurement.batch_sizes = {1, 32};
      plan.candidates.push_back({spec, "family", "", 0});
    }
    candidate = [this](const Launch& launch) { return good(launch); };
    runner.script = [this](const Launch& launch) -> Script {
      if (launch.job.spec.architecture != "resnet18") return candidate(launch);
      return {Hello{}, timed(launch, "latency", 1, canary(canaries++) * ms), results::Summary{},
              Ended{}};
    };
  }
  ~Benchmark() { fs::remove_all(folder); }

  static Script good(const Launch& launch) {
    Script script{Hello{}};
    for (const int n : launch.job.spec.measurement.batch_sizes)
      script.push_back(timed(launch, n == 1 ? "latency" : "throughput", n, n * ms));
    script.push_back(results::Summary{.parameters = 7});
    script.push_back(Ended{});
    return script;
  }

  BenchOutcome run() {
    results::Store store(folder / "a.db");
    return run_bench(
        plan, store, runner, [this](const std::string& line) { said.push_back(line); },
        [](const std::string&) {});
  }
  std::string ask(const std::string& sql) const {
    const auto rows = results::Reader(folder / "a.db").ask(sql).rows;
    std::string text;
    for (const auto& row : rows)
      for (const auto& value : row) {
        if (!text.empty()) text += " ";
        if (const auto* s = std::get_if<std::string>(&value)) text += *s;
        if (const auto* i = std::get_if<std::int64_t>(&value)) text += std::to_string(*i);
        if (const auto* d = std::get_if<double>(&value)) text += std::to_string(*d);
      }
    return text;
  }
  std::vector<std::string> visits() const {
    std::vector<std::string> names;
    for (const auto& launch : runner.started) names.push_back(launch.job.spec.architecture);
    return names;
  }
  bool was_said(const std::string& words) const {
    return std::ranges::any_of(said,
                               [&](const auto& line) { return line.find(words) != line.npos; });
  }
};

}  // namespace

TEST_CASE("candidates are visited in rounds, the canary before, between and after them") {
  Benchmark b({"a", "b"});
  b.plan.rounds = 2;
  const auto outcome = b.run();
  CHECK(b.visits() ==
        std::vector<std::string>{"resnet18", "a", "b", "resnet18", "a", "b", "resnet18"});
  CHECK(b.runner.most_running == 1);
  REQUIRE(outcome.candidates.size() == 2);
  REQUIRE(outcome.candidates[0].speeds.size() == 2);
  CHECK(outcome.candidates[0].speeds[0].rounds == 2);
  CHECK(outcome.candidates[0].speeds[0].samples == 10);
  CHECK(outcome.candidates[0].summary->parameters == 7);
  // The canary is nobody's result.
  CHECK(b.ask("SELECT architecture, source, latency, throughput FROM results ORDER BY 1") ==
        "a bench 0.001000 1000.000000 b bench 0.001000 1000.000000");
  CHECK(b.ask("SELECT count(*), sum(outcome = 'done') FROM attempts") == "7 7");
  CHECK(b.ask("SELECT count(DISTINCT accuracy_key), max(accuracy_key) FROM results") == "1 ");
}

TEST_CASE("another benchmark of the same names stands beside the first") {
  Benchmark b({"a"});
  b.run();
  b.run();
  CHECK(b.ask("SELECT count(*), count(DISTINCT trial) FROM results") == "2 2");
  CHECK(b.ask("SELECT count(*) FROM sweeps WHERE outcome = 'finished'") == "2");
}

TEST_CASE("a round around which the canary slowed is repeated, and does not count") {
  Benchmark b({"a"});
  b.plan.rounds = 2;
  // canaries: 5 | round 1 | 6 | round 2 | 5 | round 3 | 5 | round 4 | 5
  b.canary = [](int n) { return n == 1 ? 6.0 : 5.0; };
  int visit = 0;
  b.candidate = [&](const Launch& launch) -> Script {
    const double slow = ++visit <= 2 ? 2 : 1;
    return {Hello{}, timed(launch, "latency", 1, slow * ms), results::Summary{}, Ended{}};
  };
  const auto outcome = b.run();
  CHECK(b.ask("SELECT outcome FROM attempts WHERE trial = 1 ORDER BY attempt") ==
        "released released done done");
  CHECK(b.ask("SELECT latency FROM results") == "0.001000");
  CHECK(outcome.candidates[0].speeds[0].rounds == 2);
  CHECK(b.was_said("round 1 does not count: the canary was 20.0 % slower"));
}

TEST_CASE("a machine that is never quiet is told of, and not timed for ever") {
  Benchmark b({"a"});
  b.plan.rounds = 2;
  b.canary = [](int n) { return 5.0 + n; };
  const auto outcome = b.run();
  CHECK(outcome.canaries.size() == 5);
  CHECK(outcome.candidates[0].speeds[0].rounds == 2);
  CHECK(b.was_said("this machine is not quiet"));
}

TEST_CASE("which rounds count") {
  CHECK(drifts(std::vector{5.0, 6.0, 5.0})[0] == Approx(0.2));
  CHECK(drifts(std::vector{5.0}).empty());
  CHECK(drifts(std::vector<double>{NAN, NAN, 5.0}) == std::vector<double>{0, 0});
  CHECK(rounds_that_count(std::vector{0.2, 0.0, 0.1, 0.0}, 3) ==
        std::vector<bool>{false, true, true, true});
  CHECK(rounds_that_count(std::vector{0.0, 0.0}, 1) == std::vector<bool>{true, false});
}

TEST_CASE("a batch size that fails is a fault, its rows before stay, and it is not tried again") {
  Benchmark b({"a", "b"});
  b.candidate = [&](const Launch& launch) -> Script {
    if (launch.job.spec.architecture == "b") return Benchmark::good(launch);
    Script script{Hello{}};
    for (const int n : launch.job.spec.measurement.batch_sizes)
      script.push_back(timed(launch, n == 1 ? "latency" : "throughput", n, n == 1 ? ms : 0));
    script.push_back(results::Summary{});
    script.push_back(Ended{});
    return script;
  };
  const auto outcome = b.run();
  REQUIRE(outcome.candidates[0].faults.size() == 1);
  CHECK(outcome.candidates[0].faults[0].batch_size == 32);
  CHECK(outcome.candidates[0].faults[0].failure.cause == Cause::out_of_memory);
  CHECK(outcome.candidates[0].speeds.size() == 1);
  CHECK(outcome.candidates[0].speeds[0].rounds == 3);
  CHECK(outcome.candidates[1].faults.empty());
  CHECK(b.runner.started[4].job.spec.measurement.batch_sizes == std::vector{1});
}

TEST_CASE("a visit that dies is blamed on what it was at; the rest is timed in later rounds") {
  Benchmark b({"a", "b"});
  b.candidate = [&](const Launch& launch) -> Script {
    const auto& sizes = launch.job.spec.measurement.batch_sizes;
    if (launch.job.spec.architecture == "b" || sizes.size() == 1) return Benchmark::good(launch);
    return {Hello{}, timed(launch, "latency", 1, ms), Progress{.phase = "measure", .step = 32},
            Ended{.signal = 9, .out_of_memory = true, .tail = "killed"}};
  };
  const auto outcome = b.run();
  REQUIRE(outcome.candidates[0].faults.size() == 1);
  CHECK(outcome.candidates[0].faults[0].batch_size == 32);
  CHECK(outcome.candidates[0].speeds[0].rounds == 3);  // that before the death counts too
  CHECK(b.ask("SELECT state FROM trials WHERE architecture = 'a'") == "done");
  CHECK(b.ask("SELECT cause, stderr_tail FROM attempts WHERE outcome = 'failed'") ==
        "out_of_memory killed");
  CHECK(outcome.candidates[1].speeds.size() == 2);
}

TEST_CASE("a network that cannot be built is visited once") {
  Benchmark b({"a", "b"});
  b.candidate = [&](const Launch& launch) -> Script {
    if (launch.job.spec.architecture == "b") return Benchmark::good(launch);
    return {Hello{}, results::Failure{Cause::bad_config, "no such size", ""},
            Ended{.exit_code = 1}};
  };
  const auto outcome = b.run();
  REQUIRE(outcome.candidates[0].faults.size() == 1);
  CHECK(outcome.candidates[0].faults[0].batch_size == 0);
  CHECK_FALSE(outcome.candidates[0].summary);
  CHECK(std::ranges::count(b.visits(), "a") == 1);
  CHECK(std::ranges::count(b.visits(), "b") == 3);
  CHECK(b.ask("SELECT state FROM trials WHERE architecture = 'a'") == "failed");
}

TEST_CASE("stopped: what is measured is kept and counted") {
  Benchmark b({"a", "b"});
  int visit = 0;
  b.candidate = [&](const Launch& launch) -> Script {
    if (++visit < 4) return Benchmark::good(launch);  // b in round 2
    return {Hello{}, Interrupted{}, timed(launch, "latency", 1, ms), Ended{}};
  };
  const auto outcome = b.run();
  CHECK(outcome.interrupted);
  CHECK(outcome.candidates[0].speeds[0].rounds == 2);
  CHECK(outcome.candidates[1].speeds[0].rounds == 1);
  CHECK(b.ask("SELECT group_concat(state) FROM trials WHERE architecture IN ('a', 'b')") ==
        "done,done");
  CHECK(b.ask("SELECT count(*) FROM results") == "2");
  CHECK(b.ask("SELECT outcome FROM sweeps") == "interrupted");
}
