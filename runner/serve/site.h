#pragma once

// What the server serves of a database: the page, its parts, and the answers to its questions.

#include <filesystem>
#include <mutex>

#include "runner/http/message.h"

namespace archsweep::serve {

class Site {
 public:
  // A question that takes longer than `timeout` seconds is refused.
  explicit Site(std::filesystem::path database, double timeout = 10)
      : database_(std::move(database)), timeout_(timeout) {}

  // The database is opened for each question, so that it may be replaced, brought up to date or
  // gone for a while. 503 with {"error": ...} then.
  http::Response operator()(const http::Request& request);

 private:
  http::Response ask(const http::Request& request);

  std::filesystem::path database_;
  double timeout_;
  std::mutex one_at_a_time_;  // the machine's other cores are the sweep's
};

}  // namespace archsweep::serve
