#pragma once

// `archsweep-trial predict JOB IMAGE...`: what an exported network says of photos.

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "results/export/table.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Prints a row an image and class on stdout, and on stderr what images it could not read; the exit
// code is then 1. A folder stands for the images in it. Throws Error.
int predict(const PredictJob& job, std::span<const std::string> images);

inline constexpr const char* no_numbers = "the network gives no numbers";  // NaN, infinity

// Rows on stdout and faults on stderr, of which none keeps the other rows from being told. CSV and
// JSON come batch by batch; a table in the end, as its widths depend on all rows.
class Answer {
 public:
  Answer(std::vector<std::string> columns, std::string format)
      : rows_{std::move(columns), {}}, format_(std::move(format)) {}

  void add(std::vector<results::Value> row) { rows_.rows.push_back(std::move(row)); }
  void fault(std::string_view what);
  void end_batch();  // throws Error, as end() does, where stdout cannot be written
  int end();         // returns the exit code

 private:
  results::Rows rows_;  // that are not printed yet
  std::string format_;
  bool is_first_ = true, has_faults_ = false;
};

}  // namespace archsweep::runner
