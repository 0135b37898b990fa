// How much time early stopping saves, and whether the frontier is the same: simulated sweeps
// (tests/runner/schedule/simulation.h) over many seeds.
//
//   halving_bench STUDY.csv|RECORDED.csv [SEEDS]

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <fmt/format.h>

#include "tests/runner/schedule/simulation.h"

using namespace archsweep::runner;

namespace {

void report(const std::string& what, const HalvingRules& rules, int slots, auto&& make, int seeds) {
  std::vector<double> saved, loss;
  double kept = 0, finished = 0;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto trials = make(static_cast<std::uint64_t>(seed));
    const auto s = simulate(trials, rules, slots);
    saved.push_back(100 * s.saved());
    loss.push_back(100 * s.worst_loss);
    kept += 100.0 * s.kept / s.frontier / seeds;
    finished += 100.0 * s.finished / static_cast<double>(trials.size()) / seeds;
  }
  std::ranges::sort(saved), std::ranges::sort(loss);
  const auto at = [](const auto& v, double q) {
    return v[static_cast<std::size_t>(q * static_cast<double>(v.size() - 1))];
  };
  fmt::print(
      "{:<22} {:<8} eta {} margin {:>4.1f} slots {}  saved {:5.1f} % ({:5.1f} to {:5.1f})  "
      "finished {:5.1f} %  "
      "frontier kept {:5.1f} %  worst loss: median {:.2f}, 95 % {:.2f}, most {:.2f} points\n",
      what, rules.stopping == Stopping::halving ? "halving" : "frontier", rules.eta,
      100 * rules.margin, slots, at(saved, 0.5), saved.front(), saved.back(), finished, kept,
      at(loss, 0.5), at(loss, 0.95), loss.back());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return fmt::print(stderr, "usage: halving_bench CSV [SEEDS]\n"), 2;
  const std::string csv = argv[1];
  const bool study = csv.find("fastai") != csv.npos;
  const int seeds = study ? (argc > 2 ? std::atoi(argv[2]) : 10) : 1;
  for (const int epochs : study ? std::vector{5, 9, 27} : std::vector{0}) {
    const auto make = [&](std::uint64_t seed) {
      return study ? fine_tuning_study(csv, epochs, seed) : recorded_sweep(csv);
    };
    const auto what = study ? fmt::format("{} epochs", epochs) : csv.substr(csv.rfind('/') + 1);
    for (const int eta : {2, 3, 4}) report(what, {Stopping::frontier, eta, 0.35}, 1, make, seeds);
    for (const double margin : {0.0, 0.2, 0.3, 0.4})
      report(what, {Stopping::frontier, 3, margin}, 1, make, seeds);
    for (const int eta : {2, 3, 4}) report(what, {Stopping::halving, eta, 0.35}, 1, make, seeds);
    report(what, {Stopping::frontier, 3, 0.35}, 4, make, seeds);
  }
}
