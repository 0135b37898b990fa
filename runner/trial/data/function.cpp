#include "runner/trial/data/function.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/expression.h"
#include "runner/support/hash.h"
#include "runner/support/number.h"
#include "runner/trial/data/random.h"

namespace archsweep::runner {
namespace {

constexpr double first = -2, last = 2;

struct Storage {
  std::vector<float> rows, values;
  std::vector<std::int32_t> labels;
};

}  // namespace

Dataset open_function(const DatasetSpec& spec) {
  std::vector<double> xs;
  for (int i = 0; i < spec.points; ++i)
    xs.push_back(std::lerp(first, last, static_cast<double>(i) / (spec.points - 1)));
  const auto ys = evaluate(spec.expression, xs);
  auto storage = std::make_shared<Storage>();
  Random random(spec.split_seed);
  Sha256 hash;
  for (std::size_t i = 0; i < xs.size(); ++i) {
    storage->rows.push_back(static_cast<float>(xs[i]));
    const double y = ys[i] + spec.noise * random.normal();
    if (!fits_float(y))
      throw Error(
          fmt::format("dataset.noise: {:g} makes {:g} of {} at x = {:g}, which float32 "
                      "cannot hold",
                      spec.noise, y, spec.expression, xs[i]));
    storage->values.push_back(static_cast<float>(y));
    hash.add(fmt::format("{} {}\n", storage->rows[i], storage->values[i]));
  }
  storage->labels.assign(xs.size(), 0);
  Dataset dataset;
  dataset.numbers = 1;
  dataset.rows = storage->rows.data();
  dataset.values = storage->values.data();
  dataset.labels = storage->labels.data();
  dataset.count = xs.size();
  dataset.train.resize(xs.size());
  std::iota(dataset.train.begin(), dataset.train.end(), 0U);
  dataset.valid = dataset.train;
  dataset.split_hash = hash.hex();
  dataset.name = [storage = storage.get()](std::size_t i) {
    return fmt::format("x = {:g}", storage->rows[i]);
  };
  dataset.storage = storage;
  return dataset;
}

}  // namespace archsweep::runner
