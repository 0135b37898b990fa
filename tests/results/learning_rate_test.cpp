#include "results/learning_rate.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

using namespace archsweep::results;

namespace {

// rate i of fastai's sweep
double rate(std::size_t i) {
  return 1e-7 * std::pow(1e8, static_cast<double>(i) / 100);
}

RateSweep sweep_of(std::vector<double> losses) {
  RateSweep sweep{{}, std::move(losses)};
  for (std::size_t i = 0; i < sweep.losses.size(); ++i) sweep.rates.push_back(rate(i));
  return sweep;
}

}  // namespace

TEST_CASE("the suggestions are fastai's") {
  std::ifstream file(TEST_DATA "/lr_find.csv");
  std::string line;
  std::getline(file, line);  // where it comes from
  int cases = 0;
  for (; std::getline(file, line); ++cases) {
    std::vector<double> values;
    std::istringstream fields(line);
    for (std::string field; std::getline(fields, field, ',');) values.push_back(std::stod(field));
    const auto found = suggest_rates(sweep_of({values.begin() + 4, values.end()}));
    REQUIRE(found.size() == 4);
    INFO("case " << cases);
    for (std::size_t i = 0; i < 4; ++i) {
      INFO(found[i].first);
      CHECK(found[i].second == Approx(values[i]).epsilon(1e-9));
    }
  }
  CHECK(cases == 12);
}

TEST_CASE("a curve that is too short or no number suggests nothing") {
  CHECK(suggest_rates({}).empty());
  CHECK(suggest_rates(sweep_of(std::vector<double>(16, 1.0))).empty());
  std::vector<double> losses(60, 1.0);
  losses[11] = std::numeric_limits<double>::quiet_NaN();
  CHECK(suggest_rates(sweep_of(losses)).empty());
  for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = 2 - 0.01 * static_cast<double>(i);
  losses[20] = std::numeric_limits<double>::quiet_NaN();
  const auto found = suggest_rates(sweep_of(losses));
  REQUIRE(found.size() == 4);
  CHECK(found[2].second == Approx(rate(19) / 10));  // before it
  CHECK(std::isnan(found[3].second));               // slide looks 15 steps back
  // The last five of a hundred are no numbers already: no good one goes with them.
  losses.resize(100, losses[20]);
  for (std::size_t i = 0; i < losses.size(); ++i)
    losses[i] = i < 92 ? 2 - 0.01 * static_cast<double>(i) : losses.back();
  CHECK(suggest_rates(sweep_of(losses)).at(2).second == Approx(rate(91) / 10));
}
