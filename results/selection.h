#pragma once

// The question that `frontier` and `plot` ask of a database: which experiments, on which two axes,
// comparable with one another; and the answer: a point an experiment with its uncertainty, and who
// could be on the frontier.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "results/metric.h"
#include "results/query.h"

namespace archsweep::results {

struct Selection {
  std::string x;      // a metric or its alias; "": latency, or what the rows have instead
  std::string y;      // likewise; "": top1, or the loss where no row has it
  std::string where;  // SQL condition over the columns of `leaderboard`; "": all rows
  std::vector<std::string> families;    // globs, "!" excludes; none: all
  double max_memory = 0;                // bytes, of training and of inference; 0: no limit
  std::string speed_key, accuracy_key;  // or a beginning of one; "": the key of the most rows
  bool only_near = false;  // leave out standings of group 0: names are read of the others alone
};

// An experiment: trials that differ by their seed alone, all measured under the same keys.
//
// How far its x and y would scatter if everything were done again, as a standard deviation (of the
// logarithm for times, rates and bytes):
// - Of one seed: the spread between its seeds. Few seeds tell little about that, so it is drawn
//   towards what experiments of several seeds usually have (their median), which weighs as 4 seeds
//   and is all there is for a single seed.
// - A timing scatters at least as its samples do: by their bootstrap interval as it is stored, or
// by
//   the order of the raw samples.
// - Of the experiment: that over the root of the number of seeds (a median: slightly more).
// - Counts (parameters, macs) are exact. Where nothing is known the interval is NaN and the value
//   counts as exact.
// Both axes scatter independently and normally; distinguish.h defines probability and groups.
struct Standing {
  std::vector<std::int64_t> trials;  // by seed
  std::string architecture, tag, family;
  Value learning_rate, image_size, parameters;  // of the first trial
  double x = 0, x_low = 0, x_high = 0;  // median over seeds; 95 % interval, NaN where not known
  double y = 0, y_low = 0, y_high = 0;  // mean over seeds; likewise
  bool on_frontier = false;             // of the points as they are
  double probability = 0;  // of being on the frontier, over 1,000 draws of all experiments
  int group = 0;           // from 1, cheapest first: a point of the frontier and those that are not
                           // distinguishable from it; 0: beaten beyond doubt
};

struct Answer {
  Metric x, y;
  std::vector<Standing> standings;  // cheapest first
  std::string keys;                 // what the rows share, in words: for subtitles
  std::size_t left_out = 0;         // trials that the conditions allow, under other keys
  std::size_t other_keys = 0;       // how many keys those have
};

// Throws Error: an unknown metric or key, a condition that SQLite refuses.
Answer ask_frontier(const Reader& reader, const Selection& selection);

}  // namespace archsweep::results
