#pragma once

// What a classifier says of images whose classes are known, and how right it is. Pure numbers.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace archsweep::results {

struct Predictions {
  std::size_t classes = 0;
  std::vector<std::int32_t> labels;      // of each image, 0 to classes - 1
  std::vector<float> log_probabilities;  // a row of all classes an image: natural logarithms

  std::size_t images() const { return labels.size(); }
  std::span<const float> row(std::size_t image) const {
    return std::span(log_probabilities).subspan(image * classes, classes);
  }
  double loss(std::size_t image) const;            // cross-entropy
  std::size_t predicted(std::size_t image) const;  // the likeliest class, of equals the first
  std::size_t rank(std::size_t image) const;       // of the label among the classes; 0: predicted
  double probability(std::size_t image, std::size_t of_class) const;
};

// By softmax of logits over a temperature; a row of all classes a label.
Predictions from_logits(std::size_t classes, std::vector<std::int32_t> labels,
                        std::span<const float> logits, double temperature = 1);

// What they say together: the mean of their probabilities. Of equal labels and classes.
Predictions mean_of(std::span<const Predictions> members);

struct Score {
  double top1 = 0, top5 = 0;  // shares of the images
  double loss = 0;            // mean
};
Score score_of(const Predictions& p);

// How many images of each class (row) are taken for each (column): classes x classes.
std::vector<std::int64_t> confusion(const Predictions& p);

struct ConfusedPair {
  std::size_t actual, predicted;
  std::int64_t images;
  double share;  // of the images of the actual class
};
// Those that occur, most images first.
std::vector<ConfusedPair> confused_pairs(std::span<const std::int64_t> confusion,
                                         std::size_t classes);

}  // namespace archsweep::results
