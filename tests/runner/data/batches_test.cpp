#include "runner/trial/data/batches.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <numeric>

#include "runner/support/error.h"

using namespace archsweep::runner;

namespace {

struct Made {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int32_t> labels;
  std::vector<std::uint32_t> indices;
  Dataset dataset;

  Made(int count, int side, int channels) : pixels(std::size_t(count) * side * side * channels) {
    for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = std::uint8_t(i * 7 + i / 251);
    labels.resize(std::size_t(count));
    std::iota(labels.begin(), labels.end(), 0);
    indices.assign(labels.begin(), labels.end());
    dataset.side = side;
    dataset.channels = channels;
    dataset.pixels = pixels.data();
    dataset.labels = labels.data();
    dataset.count = std::size_t(count);
  }
};

struct Epoch {
  std::vector<std::uint8_t> pixels;
  std::vector<std::int64_t> labels;
  std::vector<int> counts;
  bool operator==(const Epoch&) const = default;
};

Epoch run(const Made& made, const BatchOptions& options) {
  BatchLoader loader(made.dataset, made.indices, options);
  Epoch epoch;
  Batch batch;
  while (loader.next(batch)) {
    CHECK(std::equal(batch.labels.begin(), batch.labels.end(), batch.images.begin(),
                     batch.images.end()));  // as `Made` numbers them
    epoch.pixels.insert(epoch.pixels.end(), batch.pixels.begin(), batch.pixels.end());
    epoch.labels.insert(epoch.labels.end(), batch.labels.begin(), batch.labels.end());
    epoch.counts.push_back(batch.count);
  }
  CHECK(epoch.counts.size() == loader.batches());
  return epoch;
}

BatchOptions plain(int image_size) {
  BatchOptions options;
  options.image_size = image_size;
  options.batch_size = 4;
  return options;
}

}  // namespace

TEST_CASE("an epoch visits every image once") {
  const Made made(10, 4, 3);
  BatchOptions options = plain(4);
  const Epoch ordered = run(made, options);
  CHECK(ordered.counts == std::vector<int>{4, 4, 2});
  CHECK(ordered.pixels == made.pixels);
  options.shuffle = true;
  Epoch shuffled = run(made, options);
  CHECK(shuffled.labels != ordered.labels);
  std::sort(shuffled.labels.begin(), shuffled.labels.end());
  CHECK(shuffled.labels == ordered.labels);
  options.drop_last = true;
  CHECK(run(made, options).counts == std::vector<int>{4, 4});
}

TEST_CASE("threads change nothing, seeds and epochs do") {
  const Made made(101, 8, 3);
  BatchOptions options = plain(6);
  options.shuffle = true;
  options.augmentation = {{"random_resized_crop", {}},
                          {"random_crop", {{"padding", 2}}},
                          {"horizontal_flip", {{"probability", 0.5}}}};
  const Epoch one = run(made, options);
  for (const int threads : {2, 3, 8}) {
    options.threads = threads;
    CHECK((run(made, options) == one));
  }
  options.epoch = 1;
  CHECK_FALSE((run(made, options) == one));
  options.epoch = 0;
  options.seed = 1;
  CHECK_FALSE((run(made, options) == one));
}

TEST_CASE("validation sees the centre") {
  const Made made(1, 4, 1);
  const auto& p = made.pixels;
  CHECK(run(made, plain(2)).pixels == std::vector<std::uint8_t>{p[5], p[6], p[9], p[10]});
}

TEST_CASE("images bring their weights, where there are any") {
  Made made(10, 2, 1);
  Batch batch;
  batch.weights = {7};  // of a batch before
  BatchOptions options = plain(2);
  options.shuffle = true;
  {
    BatchLoader loader(made.dataset, made.indices, options);
    REQUIRE(loader.next(batch));
    CHECK(batch.weights.empty());
  }
  std::vector<float> weights(10);
  std::iota(weights.begin(), weights.end(), 0.5f);
  made.dataset.weights = weights.data();
  BatchLoader loader(made.dataset, made.indices, options);
  for (std::size_t images = 0; loader.next(batch); images += batch.weights.size()) {
    REQUIRE(batch.weights.size() == batch.images.size());
    for (std::size_t i = 0; i < batch.images.size(); ++i)
      CHECK(batch.weights[i] == weights[batch.images[i]]);
  }
}

TEST_CASE("a certain flip mirrors, a crop moves by the padding at most") {
  const Made made(200, 3, 1);
  BatchOptions options = plain(3);
  options.augmentation = {{"horizontal_flip", {{"probability", 1}}}};
  const Epoch flipped = run(made, options);
  for (std::size_t i = 0; i < made.pixels.size(); ++i)
    REQUIRE(flipped.pixels[i] == made.pixels[i / 3 * 3 + 2 - i % 3]);

  options.augmentation = {{"vertical_flip", {{"probability", 1}}}};
  const Epoch upside_down = run(made, options);
  for (std::size_t i = 0; i < made.pixels.size(); ++i)
    REQUIRE(upside_down.pixels[i] == made.pixels[i / 9 * 9 + (2 - i % 9 / 3) * 3 + i % 3]);

  options.augmentation = {{"random_crop", {{"padding", 1}}}};
  const Epoch moved = run(made, options);
  std::vector<int> seen(9);
  for (std::size_t image = 0; image < 200; ++image) {
    int matches = 0;
    for (int shift = 0; shift < 9; ++shift) {
      const int dx = shift % 3 - 1, dy = shift / 3 - 1;
      bool equal = true;
      for (int i = 0; i < 9; ++i) {
        const int x = i % 3 - dx, y = i / 3 - dy;
        const bool inside = x >= 0 && x < 3 && y >= 0 && y < 3;
        const int expected = inside ? made.pixels[image * 9 + std::size_t(y * 3 + x)] : 0;
        equal = equal && moved.pixels[image * 9 + std::size_t(i)] == expected;
      }
      matches += equal;
      seen[std::size_t(shift)] += equal;
    }
    REQUIRE(matches >= 1);
  }
  CHECK(*std::min_element(seen.begin(), seen.end()) > 5);
}

TEST_CASE("a loader can be left in the middle of an epoch") {
  const Made made(1000, 8, 3);
  BatchOptions options = plain(8);
  options.threads = 4;
  BatchLoader loader(made.dataset, made.indices, options);
  Batch batch;
  CHECK(loader.next(batch));
}

TEST_CASE("an unknown augmentation is named") {
  const Made made(1, 2, 1);
  BatchOptions options = plain(2);
  options.augmentation = {{"cutmax", {}}};
  CHECK_THROWS_WITH(BatchLoader(made.dataset, made.indices, options), Catch::Contains("cutmax"));
}
