#pragma once

// Photos in memory to probabilities, for many askers at once.

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <future>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

#include <torch/types.h>

#include "runner/trial/exported.h"

namespace archsweep::runner {

struct Prediction {
  std::vector<double> probabilities;  // in the order of the vocabulary; empty: it could not be read
  int status = 200;                   // of HTTP
  std::string why;
};

class Predictor {
 public:
  explicit Predictor(Exported exported);
  ~Predictor();

  const Exported& exported() const { return exported_; }

  // The numbers of `archsweep predict` for the same files in the same order: they are one batch.
  std::vector<Prediction> operator()(const std::vector<const std::string*>& files);

 private:
  void prepare(const std::string& file, std::uint8_t* out, Prediction& prediction);
  void work();

  Exported exported_;
  std::counting_semaphore<> decoding_;

  // One thread runs the network: LibTorch keeps threads for each that does.
  std::mutex mutex_;
  std::condition_variable more_;
  std::deque<std::packaged_task<torch::Tensor()>> waiting_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace archsweep::runner
