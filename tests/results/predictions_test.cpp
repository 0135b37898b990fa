#include "results/predictions.h"

#include <cmath>
#include <fstream>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "results/calibration.h"
#include "results/paired.h"
#include "runner/trial/logits.h"

using namespace archsweep::results;
namespace runner = archsweep::runner;

namespace {

// Of predictions_reference.py.
Predictions stored(const std::string& name) {
  const auto kept = runner::read_logits(TEST_DATA "/logits/" + name + ".safetensors");
  std::vector<float> logits;
  for (const auto bits : kept.logits) logits.push_back(runner::from_float16(bits));
  return from_logits(kept.class_names.size(), kept.labels, logits);
}

nlohmann::json expected() {
  return nlohmann::json::parse(std::ifstream(TEST_DATA "/logits/expected.json"));
}

Approx near(const nlohmann::json& value) {
  return Approx(value.get<double>()).epsilon(1e-6).margin(1e-7);
}

// Each image's probabilities of three classes.
Predictions three(std::vector<std::int32_t> labels, const std::vector<double>& probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return from_logits(3, std::move(labels), logits);
}

}  // namespace

TEST_CASE("scores, confusion and calibration are those of NumPy, SciPy and scikit-learn") {
  const std::string name = GENERATE("first", "second");
  const auto p = stored(name);
  const auto all = expected();
  const auto& e = all[name];
  const auto score = score_of(p);
  CHECK(score.top1 == near(e["top1"]));
  CHECK(score.top5 == near(e["top5"]));
  CHECK(score.loss == near(e["loss"]));
  std::vector<std::int64_t> counts;
  for (const auto& row : e["confusion"])
    for (const auto& count : row) counts.push_back(count);
  CHECK(confusion(p) == counts);
  const auto calibration = calibration_of(p);
  CHECK(calibration.error == near(e["ece"]));
  CHECK(calibration.brier == near(e["brier"]));
  const double temperature = fit_temperature(p);
  CHECK(temperature == Approx(e["temperature"].get<double>()).epsilon(1e-5));
  CHECK(score_of(at_temperature(p, temperature)).loss == near(e["loss_scaled"]));
}

TEST_CASE("an ensemble is the mean of the probabilities") {
  const Predictions members[] = {stored("first"), stored("second")};
  const auto e = expected()["mean"];
  const auto score = score_of(mean_of(members));
  CHECK(score.top1 == near(e["top1"]));
  CHECK(score.top5 == near(e["top5"]));
  CHECK(score.loss == near(e["loss"]));
  const auto alone = mean_of(std::span(members, 1));
  CHECK(score_of(alone).loss == Approx(score_of(members[0]).loss).epsilon(1e-7));
}

TEST_CASE("two classifiers are compared image by image") {
  const auto e = expected();
  const auto pairs = compare(stored("first"), stored("second"));
  CHECK(pairs.only_first == e["only_first"]);
  CHECK(pairs.only_second == e["only_second"]);
  CHECK(pairs.both + pairs.only_first + pairs.only_second + pairs.neither == 300);
  CHECK(mcnemar_exact(pairs) == Approx(e["exact"].get<double>()).epsilon(1e-6).margin(0));
  CHECK(mcnemar_corrected(pairs).value() ==
        Approx(e["corrected"].get<double>()).epsilon(1e-6).margin(0));
  const auto interval = accuracy_difference(pairs);
  CHECK(interval.low == near(e["low"]));
  CHECK(interval.high == near(e["high"]));
}

TEST_CASE("McNemar's test where hands can follow") {
  CHECK(mcnemar_exact({.only_first = 5, .only_second = 1}) == Approx(2 * 7 / 64.0));
  CHECK(mcnemar_exact({.only_first = 0, .only_second = 10}) == Approx(2 / 1024.0));
  CHECK(mcnemar_exact({.only_first = 3, .only_second = 3}) == 1);
  CHECK(mcnemar_exact({.both = 9}) == 1);
  CHECK_FALSE(mcnemar_corrected({.only_first = 20, .only_second = 4}));
  // Agresti, An Introduction to Categorical Data Analysis: approval of the prime minister, by
  // chi-square 34.7 without and 33.9 with the correction.
  CHECK(mcnemar_corrected({.only_first = 150, .only_second = 86}).value() ==
        Approx(std::erfc(std::sqrt(63.0 * 63 / 236 / 2))));
  CHECK(mcnemar_corrected({.only_first = 20, .only_second = 20}).value() == 1);
  // Nobody is right everywhere alone.
  const auto equal = accuracy_difference({.both = 100});
  CHECK(equal.low < 0);
  CHECK(equal.high > 0);
  CHECK(equal.high < 0.05);
}

TEST_CASE("of equal classes the first counts as predicted") {
  const auto p = three({0, 1, 2}, {0.4, 0.4, 0.2, 0.4, 0.4, 0.2, 0.2, 0.4, 0.4});
  CHECK(p.predicted(1) == 0);
  CHECK(p.rank(0) == 0);
  CHECK(p.rank(1) == 1);
  CHECK(p.rank(2) == 1);
  CHECK(score_of(p).top1 == Approx(1 / 3.0));
  CHECK(score_of(p).top5 == 1);
}

TEST_CASE("the pairs that are confused come by their images, then by their share") {
  // Of class 0 four images, of class 1 two, of class 2 one.
  const std::vector<std::int64_t> confusion{2, 1, 1, 1, 1, 0, 0, 0, 1};
  const auto pairs = confused_pairs(confusion, 3);
  REQUIRE(pairs.size() == 3);
  CHECK(pairs[0].actual == 1);
  CHECK(pairs[0].predicted == 0);
  CHECK(pairs[0].share == 0.5);
  CHECK(pairs[1].predicted == 1);
  CHECK(pairs[2].predicted == 2);
}

TEST_CASE("huge logits do not overflow") {
  const std::vector<float> logits{65504, -65504, 0, 0, 65504, 65504};
  const auto p = from_logits(3, {1, 2}, logits);
  CHECK(p.loss(0) == Approx(131008));
  CHECK(p.loss(1) == Approx(std::log(2)));
  CHECK(calibration_of(p).brier == Approx((2 + 0.5) / 2));
  CHECK_FALSE(std::signbit(from_logits(2, {0}, std::vector<float>{65504, -65504}).loss(0)));
}

TEST_CASE("a temperature that only gets better has its bound") {
  CHECK(fit_temperature(three({0, 1}, {0.8, 0.1, 0.1, 0.1, 0.8, 0.1})) == least_temperature);
  CHECK(fit_temperature(three({1, 0}, {0.8, 0.1, 0.1, 0.1, 0.8, 0.1})) == most_temperature);
}

TEST_CASE("bins of confidence have images, means and Wilson's interval") {
  const auto p = three({0, 0, 1}, {0.9, 0.05, 0.05, 0.92, 0.04, 0.04, 0.2, 0.6, 0.2});
  const auto calibration = calibration_of(p);
  REQUIRE(calibration.bins.size() == 15);
  const auto& sure = calibration.bins[13];
  CHECK(sure.images == 2);
  CHECK(sure.confidence == Approx(0.91));
  CHECK(sure.accuracy == 1);
  CHECK(sure.interval.low == Approx(0.3424).epsilon(1e-3));  // statsmodels' proportion_confint
  CHECK(sure.interval.high == Approx(1));
  CHECK(calibration.bins[8].images == 1);
  CHECK(calibration.error == Approx((0.18 + 0.4) / 3));
  CHECK(calibration.confidence == Approx((0.9 + 0.92 + 0.6) / 3));
}
