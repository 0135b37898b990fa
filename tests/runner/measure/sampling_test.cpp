#include "runner/trial/measure/sampling.h"

#include <cmath>

#include <catch2/catch.hpp>

using namespace archsweep::runner;

namespace {

// Something whose n-th run takes what `seconds` says: no clock is asked.
struct Timed {
  std::function<double(int)> seconds;
  int runs = 0;
  TimedRun run() {
    return [this] { return std::vector<double>{seconds(runs++)}; };
  }
};

}  // namespace

TEST_CASE("warming up ends when three windows agree") {
  // Halves its excess with each run, as caches and clocks do: 2, 1.5, 1.25 ...
  Timed timed{[](int n) { return 0.01 * (1 + std::pow(0.5, n)); }};
  const auto samples = take_samples(timed.run(), {.seconds = 1, .warmup_seconds = 10});
  CHECK(samples.warmup.stable);
  CHECK(samples.warmup.seconds < 10);
  CHECK(samples.parts[0].front() < 0.0103);
  CHECK(samples.parts[0].size() == 100);
}

TEST_CASE("what never settles is timed when its time is over, and said not to be stable") {
  Timed timed{[](int n) { return 0.01 * (1 + 0.1 * n); }};
  const auto samples = take_samples(timed.run(), {.seconds = 0.1, .warmup_seconds = 2});
  CHECK_FALSE(samples.warmup.stable);
  CHECK(samples.warmup.seconds >= 2);
  CHECK(samples.warmup.seconds < 2.5);
}

TEST_CASE("one run in ten that stalls does not keep it from being stable") {
  Timed timed{[](int n) { return n % 10 == 9 ? 0.2 : 0.01; }};
  CHECK(take_samples(timed.run(), {.warmup_seconds = 10}).warmup.stable);
}

TEST_CASE("something slow gets two runs of warming up and five samples, whatever the time") {
  Timed timed{[](int) { return 100.0; }};
  const auto samples = take_samples(timed.run(), {.seconds = 0.1, .warmup_seconds = 0});
  CHECK(samples.warmup.runs == 2);
  CHECK(samples.parts[0].size() == 5);
}

TEST_CASE("something fast gets no more samples than asked for") {
  Timed timed{[](int) { return 1e-6; }};
  const auto samples =
      take_samples(timed.run(), {.seconds = 1, .warmup_seconds = 0.001, .max_samples = 50});
  CHECK(samples.parts[0].size() == 50);
}

TEST_CASE("parts are kept apart, and the machine is looked at once, when it is warm") {
  int runs = 0, runs_before = 0;
  const auto samples = take_samples(
      [&] {
        ++runs;
        return std::vector<double>{0.1, 0.2, 0.3};
      },
      {.seconds = 6, .warmup_seconds = 0}, [&] { runs_before = runs; });
  CHECK(runs_before == samples.warmup.runs);
  REQUIRE(samples.parts.size() == 3);
  CHECK(samples.parts[1] == std::vector<double>(10, 0.2));
}
