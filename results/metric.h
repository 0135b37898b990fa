#pragma once

// Every number that can be stored of a trial, sorted by, plotted or printed. The schema's
// columns, `leaderboard --sort`, axes of plots and `--help` all read this table.

#include <string_view>

namespace archsweep::results {

enum class Better { lower, higher, neither };
// What two values of the metric must share to be compared.
enum class Within { anything, speed_key, accuracy_key, both_keys };

struct Metric {
  std::string_view
      key;  // column of the view `leaderboard`, and word on the command line; never renamed
  std::string_view alias;  // a shorter word for it on the command line, or ""
  std::string_view unit;   // "s", "B", "1/s", "" for counts, "%" for shares (stored as 0..1)
  Better better;
  Within within;
  std::string_view help;
};

// clang-format off
inline constexpr Metric metrics[] = {
    {"top1",                   "accuracy",   "%",   Better::higher,  Within::accuracy_key, "share of validation images whose best guess is right, after the last epoch (training.result: best: the best one)"},
    {"top5",                   "",           "%",   Better::higher,  Within::accuracy_key, "share of validation images with the right class among the five best guesses"},
    {"auc",                    "",           "%",   Better::higher,  Within::accuracy_key, "of two classes: area under the ROC curve of the validation data, after the same epoch"},
    {"error",                  "",           "%",   Better::lower,   Within::accuracy_key, "1 - top1"},
    {"valid_loss",             "",           "",    Better::lower,   Within::accuracy_key, "mean loss of the validation data, after the same epoch: cross-entropy, or mean squared error"},
    {"train_loss",             "",           "",    Better::lower,   Within::accuracy_key, "mean training loss of the same epoch"},
    {"tta_top1",               "",           "%",   Better::higher,  Within::accuracy_key, "top1 with test-time augmentation (measurement.tta)"},
    {"tta_loss",               "",           "",    Better::lower,   Within::accuracy_key, "mean cross-entropy with test-time augmentation"},
    {"latency",                "",           "s",   Better::lower,   Within::speed_key,    "seconds per sample at batch 1, median"},
    {"latency_p90",            "",           "s",   Better::lower,   Within::speed_key,    "seconds per sample at batch 1, 90th percentile"},
    {"latency_p99",            "",           "s",   Better::lower,   Within::speed_key,    "seconds per sample at batch 1, 99th percentile"},
    {"throughput",             "",           "1/s", Better::higher,  Within::speed_key,    "samples per second at the best of the measured batch sizes"},
    {"seconds_per_sample",     "secs",       "s",   Better::lower,   Within::speed_key,    "1 / throughput"},
    {"train_seconds",          "train_time", "s",   Better::lower,   Within::both_keys,    "training time of all epochs, validation excluded"},
    {"fit_time",               "",           "s",   Better::lower,   Within::both_keys,    "training time of all epochs, validation included"},
    {"score",                  "",           "",    Better::lower,   Within::both_keys,    "error * (fit_time + 80): the fine-tuning study's, its author calls it somewhat arbitrary"},
    {"train_throughput",       "",           "1/s", Better::higher,  Within::speed_key,    "training samples per second, last epoch"},
    {"train_memory_bytes",     "memory",     "B",   Better::lower,   Within::speed_key,    "peak memory while training: the device allocator's on a GPU, the process's resident set on CPU"},
    {"inference_memory_bytes", "",           "B",   Better::lower,   Within::speed_key,    "peak memory while measuring inference, same meaning"},
    {"parameters",             "params",     "",    Better::lower,   Within::anything,     "numbers in the weights"},
    {"macs",                   "",           "",    Better::lower,   Within::anything,     "multiply-accumulates of one sample"},
    {"activations",            "",           "",    Better::lower,   Within::anything,     "values that convolutions and matrix products write, of one sample"},
    {"data_wait_share",        "",           "%",   Better::lower,   Within::speed_key,    "share of the training time spent waiting for data"},
};
// clang-format on

// By key or alias; null: there is none of that name.
const Metric* find_metric(std::string_view word);
// The same. Throws Error, with the nearest word, naming `option` ("--x").
const Metric& metric(std::string_view word, std::string_view option);

}  // namespace archsweep::results
