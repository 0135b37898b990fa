#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "results/cells.h"
#include "results/plot/pictures.h"

namespace archsweep::results {

// Diverged trials too, as far as they came; of several seeds the first.
Chart rates_chart(const Reader& reader, const PictureRequest& request) {
  const auto rows = reader.ask(fmt::format(
      "SELECT t.trial, t.learning_rate, t.state, coalesce(a.cause, ''), e.epoch, e.train_loss, "
      "t.architecture || iif(t.tag = '', '', '.' || t.tag) AS name FROM sweep_trials s JOIN trials "
      "t USING (trial) "
      "JOIN attempts a USING (trial, attempt) JOIN epochs e USING (trial, attempt) "
      "WHERE s.sweep = (SELECT max(sweep) FROM sweep_trials) "
      "AND t.seed = (SELECT min(seed) FROM trials u JOIN sweep_trials USING (trial) WHERE sweep = "
      "s.sweep) AND e.train_loss > 0{} ORDER BY name, t.learning_rate, t.trial, e.epoch",
      and_among_trials(request)));
  Chart chart{.title = request.title.empty() ? "What a learning rate does" : request.title,
              .subtitle = {},
              .note = {}};
  chart.x = {"epoch", "epoch", Better::neither, false};
  chart.y = {"training loss", "", Better::lower, true};
  chart.draw_frontier = false;
  std::map<std::int64_t, Line> lines;
  // They are in the order of their architectures.
  const bool is_one =
      rows.rows.empty() || text_of(rows.rows.front()[6]) == text_of(rows.rows.back()[6]);
  std::vector<std::int64_t> order;
  for (const auto& row : rows.rows) {
    const auto trial = whole_of(row[0]);
    auto& line = lines[trial];
    if (line.points.empty()) {
      const bool has_failed = text_of(row[2]) == "failed";
      order.push_back(trial);
      line.name = fmt::format("{}{:g}{}", is_one ? "" : text_of(row[6]) + " ", number_of(row[1]),
                              has_failed ? ": " + text_of(row[3]) : "");
      line.family = has_failed ? text_of(row[3]) : "";
      if (has_failed) line.style = Line::Style::dashed;
    }
    line.points.emplace_back(number_of(row[4]), number_of(row[5]));
  }
  for (const auto trial : order) chart.lines.push_back(std::move(lines[trial]));
  if (is_one && !rows.rows.empty()) chart.subtitle = text_of(rows.rows[0][6]);
  chart.note = is_one ? "Each line is named by its learning rate."
                      : "Each line is named by its architecture and learning rate.";
  return chart;
}

}  // namespace archsweep::results
