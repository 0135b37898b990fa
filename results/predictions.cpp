#include "results/predictions.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace archsweep::results {
namespace {

// log(sum(exp(values))), without overflow.
template <typename Values>
double log_sum(const Values& values) {
  const double most = *std::ranges::max_element(values);
  double sum = 0;
  for (const double v : values) sum += std::exp(v - most);
  return most + std::log(sum);
}

}  // namespace

double Predictions::loss(std::size_t image) const {
  return std::max(0.0, -double{row(image)[static_cast<std::size_t>(labels[image])]});  // not -0
}

std::size_t Predictions::predicted(std::size_t image) const {
  const auto all = row(image);
  return static_cast<std::size_t>(std::ranges::max_element(all) - all.begin());
}

std::size_t Predictions::rank(std::size_t image) const {
  const auto all = row(image);
  const auto label = static_cast<std::size_t>(labels[image]);
  std::size_t better = 0;
  for (std::size_t c = 0; c < classes; ++c)
    better += all[c] > all[label] || (all[c] == all[label] && c < label);
  return better;
}

double Predictions::probability(std::size_t image, std::size_t of_class) const {
  return std::exp(static_cast<double>(row(image)[of_class]));
}

Predictions from_logits(std::size_t classes, std::vector<std::int32_t> labels,
                        std::span<const float> logits, double temperature) {
  Predictions p{.classes = classes, .labels = std::move(labels), .log_probabilities = {}};
  p.log_probabilities.reserve(logits.size());
  std::vector<double> scaled(classes);
  for (std::size_t i = 0; i < p.images(); ++i) {
    for (std::size_t c = 0; c < classes; ++c) scaled[c] = logits[i * classes + c] / temperature;
    const double all = log_sum(scaled);
    for (const double s : scaled) p.log_probabilities.push_back(static_cast<float>(s - all));
  }
  return p;
}

Predictions mean_of(std::span<const Predictions> members) {
  Predictions mean{members[0].classes, members[0].labels, {}};
  mean.log_probabilities.reserve(members[0].log_probabilities.size());
  std::vector<double> each(members.size());
  for (std::size_t i = 0; i < members[0].log_probabilities.size(); ++i) {
    for (std::size_t m = 0; m < members.size(); ++m) each[m] = members[m].log_probabilities[i];
    mean.log_probabilities.push_back(
        static_cast<float>(log_sum(each) - std::log(static_cast<double>(members.size()))));
  }
  return mean;
}

Score score_of(const Predictions& p) {
  Score sum;
  for (std::size_t i = 0; i < p.images(); ++i) {
    const auto rank = p.rank(i);
    sum.top1 += rank == 0;
    sum.top5 += rank < 5;
    sum.loss += p.loss(i);
  }
  const auto n = static_cast<double>(p.images());
  return {sum.top1 / n, sum.top5 / n, sum.loss / n};
}

std::vector<std::int64_t> confusion(const Predictions& p) {
  std::vector<std::int64_t> counts(p.classes * p.classes);
  for (std::size_t i = 0; i < p.images(); ++i)
    ++counts[static_cast<std::size_t>(p.labels[i]) * p.classes + p.predicted(i)];
  return counts;
}

std::vector<ConfusedPair> confused_pairs(std::span<const std::int64_t> confusion,
                                         std::size_t classes) {
  std::vector<ConfusedPair> pairs;
  for (std::size_t actual = 0; actual < classes; ++actual) {
    const auto row = confusion.subspan(actual * classes, classes);
    double images = 0;
    for (const auto count : row) images += static_cast<double>(count);
    for (std::size_t predicted = 0; predicted < classes; ++predicted)
      if (predicted != actual && row[predicted] > 0)
        pairs.push_back(
            {actual, predicted, row[predicted], static_cast<double>(row[predicted]) / images});
  }
  std::ranges::stable_sort(pairs, {},
                           [](const ConfusedPair& p) { return std::tuple(-p.images, -p.share); });
  return pairs;
}

}  // namespace archsweep::results
