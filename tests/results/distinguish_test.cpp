#include "results/distinguish.h"

#include <cmath>
#include <random>

#include <catch2/catch.hpp>

using namespace archsweep::results;

namespace {

struct Share {
  double on_frontier = 0;
  std::vector<double> beaten_by;
};

// By the definition, from draws of another generator, without any short cut.
std::vector<Share> brute_force(const std::vector<Cloud>& clouds, int draws) {
  std::mt19937 random(99);
  std::normal_distribution<double> normal;
  const auto draw = [&](const Uncertain& u) {
    const double shift = u.spread * normal(random);
    return u.relative ? u.value * std::exp(u.value < 0 ? -shift : shift) : u.value + shift;
  };
  std::vector<Share> shares(clouds.size());
  for (auto& s : shares) s.beaten_by.resize(clouds.size());
  for (int d = 0; d < draws; ++d) {
    std::vector<std::pair<double, double>> points;
    for (const auto& c : clouds) points.emplace_back(draw(c.cost), draw(c.quality));
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool stands = true;
      for (std::size_t j = 0; j < points.size(); ++j) {
        const bool beats = points[j].first <= points[i].first &&
                           points[j].second >= points[i].second && points[j] != points[i];
        shares[i].beaten_by[j] += beats ? 1.0 / draws : 0;
        stands = stands && !beats;
      }
      shares[i].on_frontier += stands ? 1.0 / draws : 0;
    }
  }
  return shares;
}

}  // namespace

TEST_CASE("probabilities and groups are those of brute force") {
  std::mt19937 random(1);
  const auto number = [&](double from, double to) {
    return std::uniform_real_distribution<double>(from, to)(random);
  };
  for (int round = 0; round < 6; ++round) {
    std::vector<Cloud> clouds;
    const bool higher_x = round % 2;  // a throughput: comes negative
    for (int i = 0; i < 25; ++i) {
      const double cost = std::exp(number(0, 2));
      clouds.push_back({{higher_x ? -1 / cost : cost, round < 4 ? number(0, 0.2) : 0, true},
                        {0.5 + 0.1 * std::log(cost) + number(-0.1, 0.1), number(0, 0.03), false}});
    }
    const auto verdicts = distinguish(clouds, 4000);
    const auto truth = brute_force(clouds, 4000);
    for (std::size_t i = 0; i < clouds.size(); ++i) {
      INFO("round " << round << ", cloud " << i);
      CHECK(verdicts[i].probability == Approx(truth[i].on_frontier).margin(0.035));
      if (verdicts[i].on_frontier) {
        CHECK(verdicts[i].group > 0);
        continue;
      }
      double most = 0;
      for (std::size_t j = 0; j < clouds.size(); ++j)
        if (verdicts[j].on_frontier) most = std::max(most, truth[i].beaten_by[j]);
      if (most > 0.97) CHECK(verdicts[i].group == 0);
      if (most < 0.93) CHECK(verdicts[i].group > 0);
      for (std::size_t j = 0; j < clouds.size(); ++j)
        if (verdicts[j].on_frontier && verdicts[j].group == verdicts[i].group)
          CHECK(truth[i].beaten_by[j] > most - 0.03);
    }
  }
}

TEST_CASE("equals without spread stand side by side; groups count from the cheapest") {
  const std::vector<Cloud> clouds{{{3, 0, true}, {0.9, 0, false}},
                                  {{1, 0, true}, {0.5, 0, false}},
                                  {{1, 0, true}, {0.5, 0, false}},
                                  {{3, 0, true}, {0.4, 0, false}},
                                  {{std::nan(""), 0, true}, {0.99, 0, false}}};
  const auto verdicts = distinguish(clouds);
  CHECK(verdicts[1].group == 1);
  CHECK(verdicts[2].group == 2);
  CHECK(verdicts[0].group == 3);
  for (const auto i : {0, 1, 2}) CHECK(verdicts[std::size_t(i)].probability == 1);
  for (const auto i : {3, 4}) {
    CHECK_FALSE(verdicts[std::size_t(i)].on_frontier);
    CHECK(verdicts[std::size_t(i)].probability == 0);
    CHECK(verdicts[std::size_t(i)].group == 0);
  }
  CHECK(distinguish({}).empty());
}

TEST_CASE("the interval of a relative value is of its logarithm") {
  CHECK(bound({100, 0.1, true}, 1) == Approx(100 * std::exp(0.196)).epsilon(1e-4));
  CHECK(bound({100, 0.1, true}, -1) == Approx(100 * std::exp(-0.196)).epsilon(1e-4));
  CHECK(bound({0.5, 0.1, false}, -1) == Approx(0.304).epsilon(1e-4));
}
