#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "results/cells.h"
#include "results/plot/pictures.h"
#include "runner/support/error.h"

namespace archsweep::results {

// Of the trial whose last loss is the least: its points, and the curve every few epochs with the
// loss then.
Chart fit_chart(const Reader& reader, const PictureRequest& request) {
  const auto best = reader.ask(
      fmt::format("SELECT trial, attempt, architecture, t.learning_rate, e.epoch FROM trials t "
                  "JOIN epochs e USING (trial, attempt) WHERE (trial, attempt, e.epoch) IN "
                  "(SELECT trial, attempt, max(epoch) FROM curves GROUP BY trial, attempt){} "
                  "ORDER BY e.valid_loss NULLS LAST, trial LIMIT 1",
                  and_among_trials(request)));
  Chart chart{.title = request.title, .subtitle = {}, .note = {}};
  chart.x = {"x", "", Better::neither, false};
  chart.y = {"y", "", Better::neither, false};
  chart.draw_frontier = false;
  if (best.rows.empty()) return chart;
  const auto& trial = best.rows[0];
  const auto of_trial =
      fmt::format("(trial, attempt) = ({}, {})", whole_of(trial[0]), whole_of(trial[1]));
  if (chart.title.empty())
    chart.title =
        fmt::format("{} learns, at a rate of {:g}", text_of(trial[2]), number_of(trial[3]));
  for (const auto& row :
       reader.ask("SELECT x, y FROM curves WHERE epoch = 1 AND " + of_trial + " ORDER BY x").rows)
    chart.points.push_back({.x = number_of(row[0]), .y = number_of(row[1])});
  constexpr int lines = 6;
  const auto last = whole_of(trial[4]);
  std::set<std::int64_t> shown;
  for (int i = 0; i < lines; ++i) shown.insert(1 + (last - 1) * i / (lines - 1));
  for (const auto epoch : shown) {
    const auto rows = reader.ask(fmt::format(
        "SELECT x, output, valid_loss FROM curves JOIN epochs USING (trial, attempt, epoch) "
        "WHERE epoch = {} AND {} ORDER BY x",
        epoch, of_trial));
    if (rows.rows.empty()) continue;
    Line line{.points = {}, .family = "", .name = ""};
    line.name = fmt::format("step {}: loss {:.3g}", epoch, number_of(rows.rows[0][2]));
    for (const auto& row : rows.rows)
      line.points.emplace_back(number_of(row[0]), number_of(row[1]));
    if (epoch != last) line.style = Line::Style::faint;
    chart.lines.push_back(std::move(line));
  }
  return chart;
}

}  // namespace archsweep::results
