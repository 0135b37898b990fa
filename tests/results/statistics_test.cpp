#include "results/statistics.h"

#include <catch2/catch.hpp>

#include <cmath>
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
