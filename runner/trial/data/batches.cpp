#include "runner/trial/data/batches.h"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "runner/support/clock.h"
#include "runner/trial/augment/augment.h"
#include "runner/trial/data/random.h"

namespace archsweep::runner {

Batch random_batch(const Dataset& dataset, int image_size, int count, std::uint64_t seed) {
  Batch batch;
  batch.count = count;
  batch.pixels.resize(std::size_t(count) * std::size_t(image_size) * std::size_t(image_size) *
                      std::size_t(dataset.channels));
  batch.labels.resize(std::size_t(count));
  Random random(seed);
  for (auto& value : batch.pixels) value = std::uint8_t(random.below(256));
  for (int i = 0; i < count && dataset.has_rows(); ++i) {
    for (const int codes : dataset.categories)
      batch.rows.push_back(float(random.below(std::uint64_t(codes))));
    for (int n = 0; n < dataset.numbers; ++n) batch.rows.push_back(float(random.normal()));
  }
  if (dataset.classes)
    for (auto& label : batch.labels)
      label = std::int64_t(random.below(std::uint64_t(dataset.classes)));
  if (dataset.values)
    for (int i = 0; i < count; ++i) batch.values.push_back(float(random.normal()));
  return batch;
}

struct BatchLoader::State {
  struct Slot {
    Batch batch;
    std::size_t number = 0;  // of the batch in it, from 1; 0: none
  };

  const Dataset& dataset;
  const BatchOptions options;
  const Augmenter augmenter;
  std::vector<std::uint32_t> order;
  std::size_t batches = 0;

  std::mutex mutex;
  std::condition_variable filled, emptied;
  std::vector<Slot> slots;   // batch b (from 0) goes through slot b % slots.size()
  std::size_t started = 0;   // batches that a worker has taken on
  std::size_t consumed = 0;  // batches that next() has handed out
  bool stopping = false;
  std::exception_ptr failure;
  double seconds_waited = 0;
  std::vector<std::thread> workers;

  State(const Dataset& d, std::span<const std::uint32_t> indices, BatchOptions o)
      : dataset(d),
        options(std::move(o)),
        augmenter(options.augmentation, options.image_size),
        order(indices.begin(), indices.end()) {
    if (options.shuffle) {
      Random random(options.seed, std::uint64_t(options.epoch), ~std::uint64_t(0));
      shuffle(order, random);
    }
    const std::size_t size = std::size_t(options.batch_size);
    batches = options.drop_last ? order.size() / size : (order.size() + size - 1) / size;
    const int threads = std::max(1, options.threads);
    slots.resize(std::size_t(threads) + 2);
    for (int t = 0; t < threads; ++t) workers.emplace_back([this] { work(); });
  }

  ~State() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    emptied.notify_all();
    for (std::thread& worker : workers) worker.join();
  }

  void work() {
    Augmenter::Scratch scratch;
    std::unique_lock lock(mutex);
    for (;;) {
      emptied.wait(lock, [&] {
        return stopping || started == batches || started < consumed + slots.size();
      });
      if (stopping || started == batches) return;
      const std::size_t number = started++;
      Slot& slot = slots[number % slots.size()];
      lock.unlock();
      std::exception_ptr error;
      try {
        fill(number, slot.batch, scratch);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error) {
        failure = error;
        stopping = true;
      }
      slot.number = number + 1;
      filled.notify_all();
    }
  }

  void fill(std::size_t number, Batch& batch, Augmenter::Scratch& scratch) const {
    const std::size_t begin = number * std::size_t(options.batch_size);
    const std::size_t end = std::min(order.size(), begin + std::size_t(options.batch_size));
    const std::size_t bytes =
        std::size_t(options.image_size) * std::size_t(options.image_size) * dataset.channels;
    batch.count = int(end - begin);
    batch.epoch = options.epoch;
    batch.first = begin;
    batch.pixels.resize(bytes * (end - begin));
    batch.rows.clear();
    batch.values.clear();
    batch.labels.resize(end - begin);
    batch.weights.resize(dataset.weights ? end - begin : 0);
    batch.images.assign(order.begin() + std::ptrdiff_t(begin), order.begin() + std::ptrdiff_t(end));
    for (std::size_t i = begin; i < end; ++i) {
      batch.labels[i - begin] = dataset.label(order[i]);
      if (dataset.values) batch.values.push_back(dataset.values[order[i]]);
      if (dataset.has_rows()) {
        const auto row = dataset.row(order[i]);
        batch.rows.insert(batch.rows.end(), row.begin(), row.end());
        continue;
      }
      Random random(options.seed, std::uint64_t(options.epoch), i);
      const View stored(dataset.image(order[i]).data(), dataset.side, dataset.side,
                        dataset.channels);
      augmenter.apply(stored, random, scratch, &batch.pixels[bytes * (i - begin)]);
      if (dataset.weights) batch.weights[i - begin] = dataset.weight(order[i]);
    }
  }
};

BatchOptions training_batches(const TrialSpec& spec, const Dataset& dataset, int epoch,
                              int threads) {
  return {.augmentation = spec.augmentation,
          .image_size = spec.dataset.image_size,
          .batch_size = spec.training.batch_size,
          .seed = spec.training.seed,
          .epoch = epoch,
          .shuffle = true,
          // A last batch of one sample would have no variance to normalise by.
          .drop_last = dataset.train.size() >= std::size_t(spec.training.batch_size),
          .threads = threads};
}

BatchLoader::BatchLoader(const Dataset& dataset, std::span<const std::uint32_t> indices,
                         BatchOptions options)
    : state_(std::make_unique<State>(dataset, indices, std::move(options))) {}

BatchLoader::~BatchLoader() = default;

bool BatchLoader::next(Batch& batch) {
  State& s = *state_;
  std::unique_lock lock(s.mutex);
  if (s.consumed == s.batches) return false;
  State::Slot& slot = s.slots[s.consumed % s.slots.size()];
  const auto before = Clock::now();
  s.filled.wait(lock, [&] { return s.failure || slot.number == s.consumed + 1; });
  s.seconds_waited += seconds_since(before);
  if (s.failure) std::rethrow_exception(s.failure);
  std::swap(batch, slot.batch);
  ++s.consumed;
  s.emptied.notify_all();
  return true;
}

std::size_t BatchLoader::batches() const {
  return state_->batches;
}

double BatchLoader::seconds_waited() const {
  return state_->seconds_waited;
}

}  // namespace archsweep::runner
