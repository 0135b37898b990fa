#include "results/statistics.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <random>
#include <vector>

using namespace archsweep::results;
using Samples = std::vector<double>;

TEST_CASE("quantiles are NumPy's") {
  const Samples four{4, 1, 3, 2};
  CHECK(quantile(four, 0) == 1);
  CHECK(quantile(four, 1) == 4);
  CHECK(quantile(four, 0.5) == 2.5);
  CHECK(quantile(four, 0.9) == Approx(3.7));
  CHECK(quantile(four, 0.99) == Approx(3.97));
  CHECK(quantile(Samples{5}, 0.9) == 5);
  CHECK(std::isnan(quantile({}, 0.5)));
  CHECK(median(Samples{9, 1, 5}) == 5);
}

TEST_CASE("a few stalls do not move the median's spread") {
  CHECK(median_absolute_deviation(Samples{1, 1, 2, 2, 4, 6, 9}) == 1);
  CHECK(median_absolute_deviation(Samples{1, 1, 2, 2, 4, 6, 9000}) == 1);
  CHECK(median_absolute_deviation(Samples{3, 3, 3}) == 0);
  CHECK(std::isnan(median_absolute_deviation({})));
}

namespace {

// Runs of a network whose true median is 1: each process has an offset of its own, samples within
// are alike their neighbours.
std::vector<Samples> rounds_of(std::mt19937_64& random, int rounds, double between, double within) {
  const auto normal = [&] {  // of twelve uniform ones: equal with every library
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 11) * 0x1p-53;
    return sum;
  };
  std::vector<Samples> all;
  for (int r = 0; r < rounds; ++r) {
    const double level = 1 + between * normal();
    double noise = normal();
    all.emplace_back();
    for (int i = 0; i < 60; ++i) {
      noise = 0.5 * noise + 0.87 * normal();
      all.back().push_back(level + within * noise);
    }
  }
  return all;
}

}  // namespace

TEST_CASE("two repeated measurements overlap, and hold the truth, though processes differ") {
  std::mt19937_64 random(1);
  for (const int rounds : {2, 3, 5}) {
    int overlap = 0, holds = 0;
    for (int i = 0; i < 200; ++i) {
      const auto a = bootstrap_median(rounds_of(random, rounds, 0.02, 0.01), 200);
      const auto b = bootstrap_median(rounds_of(random, rounds, 0.02, 0.01), 200);
      overlap += a.low <= b.high && b.low <= a.high;
      holds += a.low <= 1 && 1 <= a.high;
    }
    INFO(rounds << " rounds");
    CHECK(overlap >= 190);
    CHECK(holds >= 180);
  }
}

TEST_CASE("the interval narrows with more rounds, and tells a real difference") {
  std::mt19937_64 random(2);
  const auto few = bootstrap_median(rounds_of(random, 3, 0.01, 0.01));
  const auto many = bootstrap_median(rounds_of(random, 10, 0.01, 0.01));
  CHECK(many.high - many.low < few.high - few.low);
  auto slower = rounds_of(random, 5, 0.01, 0.01);
  for (auto& round : slower)
    for (auto& seconds : round) seconds *= 1.1;
  CHECK(bootstrap_median(slower).low > many.high);
}

TEST_CASE("intervals of little: one sample, equal ones, empty rounds, nothing") {
  const auto of = [](std::vector<Samples> rounds) { return bootstrap_median(rounds); };
  CHECK(std::isnan(of({}).low));
  CHECK(std::isnan(of({{}, {}}).high));
  CHECK(of({{5}}).low == 5);
  CHECK(of({{5}, {}}).high == 5);
  CHECK(of({{3, 3, 3}, {3, 3}}).low == 3);
  CHECK(of({{3, 3, 3}, {3, 3}}).high == 3);
  const auto two = of({{1, 1, 1}, {1.1, 1.1, 1.1}});
  CHECK(two.low < 1);
  CHECK(two.high > 1.1);
  CHECK(of({{0.1, 10}}).low == 0);  // never negative
  const auto again = of({{1, 2, 3, 4}, {2, 3, 4, 5}});
  CHECK(again.low == of({{1, 2, 3, 4}, {2, 3, 4, 5}}).low);
}
