#include "tests/runner/schedule/simulation.h"

#include <catch2/catch.hpp>

using namespace archsweep::runner;

namespace {

constexpr const char* study = SHARED_DATA "/data/fastai_timm.csv";

bool have_study() {
  if (std::filesystem::exists(study)) return true;
  WARN("skipped: no " << study);
  return false;
}

}  // namespace

TEST_CASE("without early stopping a simulated sweep trains everything") {
  if (!have_study()) return;
  const auto s = simulate(fine_tuning_study(study, 5, 1), {}, 3);
  CHECK(s.saved() == Approx(0).margin(1e-9));
  CHECK(s.kept == s.frontier);
  CHECK(s.finished > 800);
}

// Kept: for every point of the true frontier a finished trial that is at least as fast and at most
// half a point worse (repeats of one configuration differ by 0.88 points in the study).
TEST_CASE("early stopping by the frontier saves time and keeps the study's frontier") {
  if (!have_study()) return;
  int kept = 0, seeds = 5;
  double saved = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto s = simulate(fine_tuning_study(study, 5, static_cast<std::uint64_t>(seed)),
                            {.stopping = Stopping::frontier, .eta = 3, .margin = 0.35});
    kept += s.worst_loss <= 0.005;
    saved += s.saved() / seeds;
  }
  CHECK(kept == seeds);
  CHECK(saved > 0.2);
}

TEST_CASE("a sweep recorded here is replayed: time saved, the same frontier") {
  const auto trials = recorded_sweep(TEST_DATA "/recorded_sweep.csv");
  REQUIRE(trials.size() > 30);
  const auto s = simulate(trials, {.stopping = Stopping::frontier, .eta = 3, .margin = 0.35});
  CHECK(s.worst_loss <= 0.01);  // of 1,000 validation images: one standard error
  CHECK(s.saved() > 0.1);
}
