#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "results/cells.h"
#include "results/plot/pictures.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

struct Column {
  const char* key;
  const char* sql;
  Scale scale;
};

const std::array columns{
    Column{"top1", "e.valid_top1", {"top-1 accuracy", "%", Better::higher}},
    Column{"top5", "e.valid_top5", {"top-5 accuracy", "%", Better::higher}},
    Column{"auc", "e.valid_auc", {"area under the ROC curve", "%", Better::higher}},
    Column{"error", "1 - e.valid_top1", {"error rate", "%", Better::lower}},
    Column{"valid_loss", "e.valid_loss", {"validation loss", "", Better::lower}},
    Column{"train_loss", "e.train_loss", {"training loss", "", Better::lower}},
    Column{"train_top1", "e.train_top1", {"top-1 accuracy while training", "%", Better::higher}},
    Column{"learning_rate", "e.learning_rate", {"learning rate", "", Better::neither}}};

const Column& column_of(const std::string& key) {
  std::vector<std::string> known;
  for (const auto& column : columns) {
    if (key == column.key || (key.empty() && known.empty())) return column;
    known.emplace_back(column.key);
  }
  if (key == "accuracy") return columns[0];
  throw Error(fmt::format("--y: '{}' has no learning curve; one of {} has{}", printable(key, 80),
                          fmt::join(known, ", "), did_you_mean(key, known)));
}

constexpr std::size_t most_named = 14;

void sort_best_first(Chart& chart) {
  const double sign = chart.y.better == Better::lower ? -1 : 1;
  std::ranges::stable_sort(chart.lines, std::greater(),
                           [&](const Line& line) { return sign * line.points.back().second; });
}

// More lines than can be told apart: the best have their names, the others are faint.
void quieten(Chart& chart) {
  for (std::size_t i = most_named; i < chart.lines.size(); ++i) {
    chart.lines[i].name.clear();
    chart.lines[i].style = Line::Style::faint;
  }
  // The best are drawn last, above the others.
  std::ranges::reverse(chart.lines);
  if (chart.lines.size() > most_named)
    chart.note = fmt::format("The best {} of {} trials at their last epoch are named.", most_named,
                             chart.lines.size());
}

struct Named {
  std::string name, family;
};

// By trial; several of one architecture are told apart where all are drawn.
std::map<std::int64_t, Named> chosen_trials(const Answer& answer, By by) {
  std::map<std::string, std::size_t> trials_of;
  for (const auto& s : answer.standings) trials_of[s.architecture] += s.trials.size();
  std::map<std::int64_t, Named> chosen;
  for (const auto& s : answer.standings)
    for (const auto trial : s.trials)
      chosen[trial] = {by == By::experiment && trials_of[s.architecture] > 1
                           ? fmt::format("{} (trial {})", s.architecture, trial)
                           : s.architecture,
                       s.family};
  return chosen;
}

}  // namespace

Chart curves_chart(const Reader& reader, const PictureRequest& request, std::string& remark) {
  if (!request.selection.y.empty()) column_of(request.selection.y);
  if (!request.selection.x.empty() && request.selection.x != "epoch")
    throw Error(fmt::format("--x: learning curves run over epochs, not '{}'; leave it out",
                            printable(request.selection.x, 80)));
  auto selection = request.selection;
  selection.x = "parameters";  // known of every trial, on every machine: only the recipe matters
  selection.y.clear();         // the trials with an accuracy, or with a loss
  const auto answer = ask_frontier(reader, selection);
  const auto& column =
      column_of(request.selection.y.empty() ? std::string(answer.y.key) : request.selection.y);
  std::vector<std::int64_t> ids;
  std::map<std::int64_t, Line> lines;
  for (const auto& [trial, named] : chosen_trials(answer, request.by)) {
    ids.push_back(trial);
    lines[trial] = {.points = {}, .family = named.family, .name = named.name};
  }
  const auto epochs = reader.ask(
      fmt::format("SELECT e.trial, e.epoch, {} FROM epochs e JOIN trials t ON (e.trial, e.attempt) "
                  "= (t.trial, t.attempt) WHERE e.trial IN {} ORDER BY e.trial, e.epoch",
                  column.sql, id_list(ids)));
  for (const auto& row : epochs.rows)
    if (const double y = number_of(row[2]); std::isfinite(y) && (!request.log_y || y > 0))
      lines[whole_of(row[0])].points.emplace_back(number_of(row[1]), y);
  Chart chart{.title = {}, .subtitle = {}, .note = {}};
  chart.x = {"epoch", "epoch", Better::neither, false};
  chart.y = column.scale;
  chart.y.log = request.log_y;
  chart.title = request.title.empty() ? chart.y.label + " by epoch" : request.title;
  chart.draw_frontier = false;
  for (auto& [trial, line] : lines)
    if (!line.points.empty()) chart.lines.push_back(std::move(line));
  sort_best_first(chart);
  std::set<std::string> names;  // with By::architecture the best trial of each has its name
  std::erase_if(chart.lines, [&](const Line& line) { return !names.insert(line.name).second; });
  chart.subtitle = fmt::format("{}{}{} trial{}", answer.keys, answer.keys.empty() ? "" : "; ",
                               chart.lines.size(), chart.lines.size() == 1 ? "" : "s");
  quieten(chart);
  remark = answer.left_out == 0
               ? ""
               : fmt::format("{} trials of other recipes are left out: they do not compare",
                             answer.left_out);
  return chart;
}

}  // namespace archsweep::results
