#include "runner/trial/serve/predictor.h"

#include <algorithm>
#include <cmath>
#include <new>
#include <utility>

#include "runner/trial/data/image.h"
#include "runner/trial/predict.h"

namespace archsweep::runner {
namespace {

constexpr std::uint64_t most_pixels =
    50'000'000;                   // what phones take, and a PNG of 350 MB while decoded
constexpr int most_decoding = 4;  // such pictures in memory

int decoders() {
  return std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, most_decoding);
}

}  // namespace

Predictor::Predictor(Exported exported)
    : exported_(std::move(exported)), decoding_(decoders()), thread_([this] { work(); }) {}

Predictor::~Predictor() {
  {
    const std::scoped_lock lock(mutex_);
    ending_ = true;
  }
  more_.notify_one();
  thread_.join();
}

void Predictor::work() {
  for (;;) {
    std::unique_lock lock(mutex_);
    more_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (ending_) return;
    auto task = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    task();
  }
}

void Predictor::prepare(const std::string& file, std::uint8_t* out, Prediction& prediction) {
  decoding_.acquire();
  try {
    exported_.prepare(file, out, most_pixels);
  } catch (const UnknownFormat& e) {
    prediction = {{}, 415, e.what()};
  } catch (const TooManyPixels& e) {
    prediction = {{}, 413, e.what()};
  } catch (const std::bad_alloc&) {
    prediction = {{}, 413, "there is not enough memory here to decode it; send it smaller"};
  } catch (const std::exception& e) {
    prediction = {{}, 422, e.what()};
  }
  decoding_.release();
}

std::vector<Prediction> Predictor::operator()(const std::vector<const std::string*>& files) {
  const auto bytes = exported_.bytes_of_image();
  std::vector<std::uint8_t> pixels(files.size() * bytes);
  std::vector<Prediction> predictions(files.size());
  for (std::size_t i = 0; i < files.size(); ++i)
    prepare(*files[i], &pixels[i * bytes], predictions[i]);
  if (std::ranges::all_of(predictions, [](const auto& p) { return p.status != 200; }))
    return predictions;
  std::packaged_task<torch::Tensor()> task(
      [&] { return exported_.probabilities(pixels, std::int64_t(files.size())); });
  auto done = task.get_future();
  {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(task));
  }
  more_.notify_one();
  const auto all = done.get().contiguous();
  const auto classes = static_cast<std::size_t>(all.size(1));
  for (std::size_t i = 0; i < files.size(); ++i)
    if (predictions[i].status == 200) {
      const double* row = all.const_data_ptr<double>() + i * classes;
      if (std::all_of(row, row + classes, [](double p) { return std::isfinite(p); }))
        predictions[i].probabilities.assign(row, row + classes);
      else
        predictions[i] = {{}, 500, no_numbers};
    }
  return predictions;
}

}  // namespace archsweep::runner
