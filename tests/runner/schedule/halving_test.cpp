#include "runner/schedule/halving.h"

#include <catch2/catch.hpp>

using namespace archsweep::runner;
using archsweep::results::TrialState;
using Catch::Matchers::Contains;
using Steps = std::vector<Step>;

namespace {

// Of one recipe and kind, 9 epochs, each candidate slower than those of smaller numbers.
Contender at(int candidate, std::vector<double> top1 = {}, TrialState state = TrialState::planned) {
  if (state == TrialState::planned && !top1.empty()) state = TrialState::paused;
  return {.candidate = candidate,
          .latency = 1.0 + candidate,
          .step_seconds = 1.0 + candidate,
          .epochs = 9,
          .top1 = std::move(top1),
          .state = state};
}
Contender finished(int candidate, std::vector<double> top1) {
  top1.resize(9, top1.back());
  return at(candidate, std::move(top1), TrialState::done);
}
// To `last` in equal steps.
Contender finished(int candidate, double first, double last) {
  std::vector<double> top1;
  for (int e = 0; e < 9; ++e) top1.push_back(first + (last - first) * e / 8);
  return at(candidate, top1, TrialState::done);
}

HalvingRules rules(Stopping stopping, int eta = 3, double margin = 0.02) {
  return {stopping, eta, margin};
}
const auto frontier = rules(Stopping::frontier), halving = rules(Stopping::halving);

std::vector<std::size_t> dropped(const std::vector<Contender>& trials, const HalvingRules& r) {
  std::vector<std::size_t> all;
  for (const auto& g : given_up(trials, r)) all.push_back(g.trial);
  return all;
}

}  // namespace

TEST_CASE("without early stopping trials run to their end in order, those that were begun first") {
  const std::vector trials{at(0),
                           at(1, {0.1, 0.2}),
                           at(2, {}, TrialState::running),
                           at(3, {}, TrialState::failed),
                           finished(4, {0.5}),
                           at(5)};
  CHECK(next_steps(trials, {}) == Steps{{1, 9}, {0, 9}, {5, 9}});
  CHECK(given_up(trials, {}).empty());
}

TEST_CASE("rungs are at 1, eta, eta^2 ... and at the end") {
  for (const auto& [done, until] : {std::pair{0, 1}, {1, 3}, {3, 9}}) {
    const std::vector trials{at(0, std::vector<double>(static_cast<std::size_t>(done), 0.5))};
    CHECK(next_steps(trials, frontier) == Steps{{0, until}});
  }
  CHECK(next_steps(std::vector{at(0, {1, 1, 1, 1})}, rules(Stopping::frontier, 2)) ==
        Steps{{0, 8}});
  CHECK(next_steps(std::vector{at(0, std::vector<double>(8, 1))}, rules(Stopping::frontier, 2)) ==
        Steps{{0, 9}});
}

TEST_CASE("first what was cut off, then a result for each candidate, then the best of each rung") {
  std::vector trials{
      at(0, {0.5}),            // 0 the fastest: nothing as fast is better
      at(1, {0.4}),            // 1 beaten by 0
      at(1),                   // 2 its candidate has a result
      at(2),                   // 3 its has none
      at(2),                   // 4 nor has this, but 3 gets one
      at(3, {0.6, 0.7}),       // 5 cut off between rungs 1 and 3
      at(4, {0.6, 0.7, 0.8}),  // 6 at rung 3, unbeaten
  };
  CHECK(next_steps(trials, frontier) ==
        Steps{{5, 3}, {3, 1}, {6, 9}, {0, 3}, {2, 1}, {4, 1}, {1, 3}});
  SECTION("a candidate that runs gets its result") {
    trials[3].state = TrialState::running;
    CHECK(next_steps(trials, frontier)[1] == Step{6, 9});
  }
  SECTION("one whose only trial failed has none to wait for") {
    trials[3].state = TrialState::failed;
    CHECK(next_steps(trials, frontier)[1] == Step{6, 9});
  }
}

TEST_CASE("a rung promotes its best 1/eta, by the distance from what is at least as fast") {
  // One candidate, six trials: two may go on before the others are even looked at.
  std::vector<Contender> trials;
  for (const double top1 : {0.3, 0.6, 0.1, 0.5, 0.2, 0.4}) trials.push_back(at(0, {top1}));
  trials.push_back(at(0));
  CHECK(next_steps(trials, halving) == Steps{{1, 3}, {3, 3}, {6, 1}});
  CHECK(dropped(trials, halving) == std::vector<std::size_t>{0, 2, 4, 5});
  CHECK_THAT(given_up(trials, halving)[0].reason,
             Contains("30.00 points behind") && Contains("4 of 6"));
  SECTION("who was promoted still counts as a member") {
    trials[1] = at(0, {0.6, 0.7, 0.8}, TrialState::running);
    CHECK(next_steps(trials, halving) == Steps{{3, 3}, {6, 1}});
  }
  SECTION("a failed trial does not") {
    trials[1].state = TrialState::failed;
    CHECK(next_steps(trials, halving)[0] == Step{3, 3});
    CHECK(dropped(trials, halving).size() == 4);
  }
  SECTION("frontier drops none of them before one is finished; the nearest go on first") {
    CHECK(dropped(trials, frontier).empty());
    CHECK(next_steps(trials, frontier) ==
          Steps{{1, 3}, {3, 3}, {6, 1}, {5, 3}, {0, 3}, {4, 3}, {2, 3}});
  }
}

TEST_CASE("slow or weak is no reason: only what is at least as fast is compared with") {
  // A weak fast one, and ever better slower ones: none is beaten.
  std::vector<Contender> trials;
  for (int i = 0; i < 6; ++i) trials.push_back(at(i, {0.1 + 0.1 * i}));
  for (const auto& r : {frontier, halving}) {
    CHECK(dropped(trials, r).empty());
    CHECK(next_steps(trials, r).size() == 6);
  }
  // Nor when all of them are finished but the weakest.
  for (std::size_t i = 1; i < 6; ++i) trials[i] = finished(trials[i].candidate, 0.1, 0.9);
  CHECK(dropped(trials, frontier).empty());
}

TEST_CASE("a trial is given up when even its optimistic accuracy is beaten by what is as fast") {
  // Its kind's finished trial halved its error from epoch 1 to the end: 0.6 -> 0.3.
  std::vector trials{finished(0, 0.4, 0.7), at(1, {0.3})};
  // At best 1 - 0.7 / 2 * 0.98 = 0.657 < 0.7
  CHECK(dropped(trials, frontier) == std::vector<std::size_t>{1});
  CHECK(next_steps(trials, frontier).empty());
  CHECK_THAT(given_up(trials, frontier)[0].reason,
             Contains("epoch 1: at best 65.70 % can come of its 30.00 %") && Contains("70.00 %"));
  SECTION("a margin gives it time") {
    CHECK(dropped(trials, rules(Stopping::frontier, 3, 0.2)).empty());
  }
  SECTION("a steeper curve of its kind gives hope") {
    trials.push_back(finished(5, 0.1, 0.8));
    CHECK(dropped(trials, frontier).empty());
  }
  SECTION("a finished trial of another kind tells nothing of it") {
    trials[1].kind = 7;
    CHECK(dropped(trials, frontier).empty());
  }
  SECTION("what is given up goes on when what beat it fails") {
    trials[0].state = TrialState::failed;
    CHECK(next_steps(trials, frontier) == Steps{{1, 3}});
  }
  SECTION("a recipe's accuracies are its own") {
    trials[0].recipe = 1;
    trials[0].candidate = 9;
    CHECK(dropped(trials, frontier).empty());
  }
  SECTION("speeds within the noise of timing are not told apart") {
    trials[1].latency = trials[0].latency * 1.05;
    CHECK(dropped(trials, frontier).empty());
  }
  SECTION("faster in one way, slower in the other: not beaten") {
    trials[0].step_seconds = 5;
    CHECK(dropped(trials, frontier).empty());
  }
  SECTION("speeds that are not known beat nobody") {
    trials[0].latency = archsweep::results::not_measured;
    CHECK(dropped(trials, frontier).empty());
  }
  SECTION("trials of one candidate are as fast as each other, known or not") {
    trials[1].candidate = 0;
    trials[0].latency = trials[1].latency = archsweep::results::not_measured;
    CHECK(dropped(trials, frontier) == std::vector<std::size_t>{1});
  }
  SECTION("pauses without early stopping give nobody up") {
    CHECK(dropped(trials, rules(Stopping::pauses)).empty());
    CHECK(next_steps(trials, rules(Stopping::pauses)) == Steps{{1, 3}});
  }
}

TEST_CASE("what is better while it still trains counts too") {
  const std::vector trials{finished(5, 0.4, 0.7), at(0, {0.5, 0.6, 0.75}, TrialState::running),
                           at(1, {0.3})};
  CHECK(dropped(trials, frontier) == std::vector<std::size_t>{2});
}

TEST_CASE("what was started is wanted no more, and what has changed is looked at again") {
  std::vector trials{finished(0, 0.5, 0.9), at(1, {0.4}), at(2), at(3)};
  Halving rules(trials, frontier);
  const Steps first = rules.next_steps();
  REQUIRE(first.size() == 2);  // trial 1 cannot come any more
  CHECK(rules.gives_up(1));
  trials[first[0].trial].state = TrialState::running;
  CHECK(rules.next_steps() == Steps{first[1]});
  trials[0].state = TrialState::failed;
  rules.changed();
  CHECK_FALSE(rules.gives_up(1));
  CHECK(rules.next_steps().size() == 2);
}
