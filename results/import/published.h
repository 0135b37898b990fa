#pragma once

// The published tables that can be imported: told apart by their columns, each row checked and
// turned into a plain value. Shares are 0..1, bytes bytes, seconds seconds; NaN marks what the
// table leaves blank. Knows nothing of the database.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "results/trial.h"

namespace archsweep::results {

enum class TableKind {
  accuracy,   // timm's results-*.csv: weights by name, tag and image size
  inference,  // timm's benchmark-infer-*.csv; training speeds may stand beside, at the same size
  training,   // timm's benchmark-train-*.csv
  runs,       // fastai_timm.csv: fine-tuning runs of the study
};

std::string_view name(TableKind);  // "accuracy"

struct PublishedAccuracy {
  std::size_t line = 0;           // in the file
  std::string architecture, tag;  // "resnet50", "a1_in1k"
  int image_size = 0;
  double top1 = not_measured, top5 = not_measured;
  std::optional<std::int64_t> parameters;
  double crop_pct = not_measured;
  std::string interpolation;
};

struct PublishedSpeed {
  std::size_t line = 0;
  std::string architecture;
  int image_size = 0;
  std::optional<std::int64_t> batch_size;
  double samples_per_second = not_measured, train_samples_per_second = not_measured;
  std::optional<std::int64_t> macs, activations, parameters;  // of one sample
};

struct PublishedRun {
  std::size_t line = 0;
  std::string dataset, architecture;
  double error = not_measured;
  double valid_loss = not_measured, train_loss = not_measured;
  double memory_bytes = not_measured;  // peak reserved while training
  double fit_time = not_measured;      // seconds, validation included
};

// The rows of one of these, of its kind.
struct PublishedTable {
  TableKind kind = TableKind::accuracy;
  std::vector<PublishedAccuracy> accuracies;
  std::vector<PublishedSpeed> speeds;
  std::vector<PublishedRun> runs;
  std::size_t rows() const { return accuracies.size() + speeds.size() + runs.size(); }
};

// `text` is a CSV file, `file` its name in messages. Throws Error that names file, line, column and
// what was expected: columns of no known table, a number out of its range, a row that is there
// twice (runs of one model are repeats), no rows.
PublishedTable read_published(std::string_view text, const std::string& file);

}  // namespace archsweep::results
