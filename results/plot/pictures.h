#pragma once

// What `archsweep plot` draws, from a database to a Chart.

#include <string>
#include <utility>
#include <vector>

#include "results/plot/chart.h"
#include "results/query.h"
#include "results/selection.h"

namespace archsweep::results {

// What one mark stands for.
enum class By {
  experiment,    // trials that differ by their seed alone
  architecture,  // its experiment with the best y
  bests,         // an architecture's best x and best y, each taken apart: no trial may have both
};

struct PictureRequest {
  Selection selection;
  std::string title;  // "": made from the axes
  By by = By::experiment;
  bool linear_x = false, log_y = false;
  bool trends = false;
  std::string size;  // column of `leaderboard` that a mark's area shows; "image_size^2": its square
};

// " AND trial IN (...)": of trials for which the selection's condition holds; "" without one.
std::string and_among_trials(const PictureRequest& request);

// All throw Error as ask_frontier does. `remark` is set to one line on what is left out, or "".

// With what the page shows of each trial where `for_page`.
Chart frontier_chart(const Reader& reader, const PictureRequest& request, bool for_page,
                     std::string& remark);

// A line a trial over its epochs; `selection.y` is a column of the epochs: top1, valid_loss, ...
Chart curves_chart(const Reader& reader, const PictureRequest& request, std::string& remark);

// A line a learning rate of the last sweep: the training loss by epoch, also of those that
// diverged.
Chart rates_chart(const Reader& reader, const PictureRequest& request);

// Curve fitting, of the trial with the least loss: its points, and the curve every few epochs.
Chart fit_chart(const Reader& reader, const PictureRequest& request);

// How much of the axes' rectangle the frontier dominated as the hours went by.
Chart over_time_chart(const Reader& reader, const PictureRequest& request);

// Each architecture's best before and after, joined by an arrow. `words` name the two.
struct Side {
  const Reader& reader;
  PictureRequest request;
  std::string words;
};
Chart compare_chart(const Side& before, const Side& after, std::string& remark);

// The loss over a rising learning rate, and what the rules of choice suggest of it.
Chart lr_find_chart(const std::vector<std::pair<double, double>>& losses,
                    const std::vector<std::pair<std::string, double>>& suggestions,
                    const std::string& title);

}  // namespace archsweep::results
