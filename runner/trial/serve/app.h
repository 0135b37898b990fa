#pragma once

// What is served of an exported network: the page, GET /model, GET /healthz and POST /predict.

#include <atomic>
#include <span>

#include "runner/http/message.h"
#include "runner/http/pages.h"
#include "runner/trial/serve/predictor.h"

namespace archsweep::runner {

std::span<const http::Page> pages();  // the files of page/, and two of `archsweep serve`

class App {
 public:
  explicit App(Exported exported) : predictor_(std::move(exported)) {}

  // "resnet18, 37 classes"
  std::string name() const;

  // From many threads; does not throw.
  http::Response operator()(const http::Request& request);

 private:
  http::Response model() const;
  http::Response predict(const http::Request& request);

  Predictor predictor_;
  std::atomic<int> asking_ = 0;
};

}  // namespace archsweep::runner
