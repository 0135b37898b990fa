#pragma once

// Every number that can be stored of a trial, sorted by, plotted or printed. The schema's
// columns, `leaderboard --sort`, axes of plots and `--help` all read this table.

#include <string_view>

namespace archsweep::results {

enum class Better { lower, higher, neither };

struct Metric {
  std::string_view
      key;  // column of the view `leaderboard`, and word on the command line; never renamed
  std::string_view unit;  // "s", "B", "1/s", "" for a share
  Better better;
  std::string_view help;
};

// clang-format off
inline constexpr Metric metrics[] = {
    {"top1",                   "",    Better::higher,  "share of validation images whose best guess is right, last epoch"},
    {"top5",                   "",    Better::higher,  "share of validation images with the right class among the five best guesses"},
    {"error",                  "",    Better::lower,   "1 - top1"},
    {"valid_loss",             "",    Better::lower,   "mean cross-entropy on the validation images, last epoch"},
    {"train_loss",             "",    Better::lower,   "mean training loss of the last epoch"},
    {"latency",                "s",   Better::lower,   "seconds per sample at batch 1, median"},
    {"latency_p90",            "s",   Better::lower,   "seconds per sample at batch 1, 90th percentile"},
    {"latency_p99",            "s",   Better::lower,   "seconds per sample at batch 1, 99th percentile"},
    {"throughput",             "1/s", Better::higher,  "samples per second at the best of the measured batch sizes"},
    {"seconds_per_sample",     "s",   Better::lower,   "1 / throughput"},
    {"train_seconds",          "s",   Better::lower,   "training time of all epochs, validation excluded"},
    {"train_throughput",       "1/s", Better::higher,  "training samples per second, last epoch"},
    {"train_memory_bytes",     "B",   Better::lower,   "peak memory while training: the device allocator's on a GPU, the process's resident set on CPU"},
    {"inference_memory_bytes", "B",   Better::lower,   "peak memory while measuring inference, same meaning"},
    {"parameters",             "",    Better::lower,   "numbers in the weights"},
    {"macs",                   "",    Better::lower,   "multiply-accumulates of one sample"},
    {"data_wait_share",        "",    Better::lower,   "share of the training time spent waiting for data"},
};
// clang-format on

}  // namespace archsweep::results
