#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/export/table.h"
#include "results/hypervolume.h"
#include "results/selection.h"
#include "runner/cli/database.h"
#include "runner/cli/rows.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

using results::Answer, results::Metric, results::Rows, results::Standing, results::Value;

struct Options {
  DatabaseOptions database;
  RowOptions rows;
  std::string x, y, speed_key, accuracy_key, by;
  bool over_time = false;
};

results::Selection selection(const Options& o) {
  auto s = o.rows.read();
  s.x = o.x, s.y = o.y;
  s.speed_key = o.speed_key, s.accuracy_key = o.accuracy_key;
  return s;
}

// A metric's column: for people in their units.
struct Column {
  std::string name;
  double factor;
};

Column column(const Metric& m, bool for_people) {
  const std::string key(m.key);
  if (!for_people) return {key, 1};
  if (m.unit == "%") return {key + "_percent", 100};
  if (m.key.starts_with("latency") || m.key == "seconds_per_sample") return {key + "_ms", 1e3};
  if (m.unit == "B") return {key.substr(0, key.find("_bytes")) + "_mib", 1.0 / (1 << 20)};
  if (m.key == "parameters") return {"params_m", 1e-6};
  if (m.key == "macs") return {"gmacs", 1e-9};
  return {key, 1};
}

Value number(double value) {
  return std::isnan(value) ? Value() : Value(value);
}

std::string range(double low, double high, double factor) {
  if (std::isnan(low) || std::isnan(high)) return "unknown";
  return fmt::format("{:.4g}..{:.4g}", low * factor, high * factor);
}

// The points of the frontier, cheapest first, and under each those that cannot be told from it.
Rows frontier_rows(const Answer& answer, bool for_people) {
  std::vector<const Standing*> shown;
  for (const auto& s : answer.standings)
    if (s.group > 0) shown.push_back(&s);
  std::ranges::stable_sort(shown, {},
                           [](const Standing* s) { return std::pair(s->group, !s->on_frontier); });
  const auto x = column(answer.x, for_people), y = column(answer.y, for_people);
  Rows rows;
  rows.columns = {"group", "on_frontier", "architecture", "tag", "lr", "image_size", "seeds"};
  for (const auto& c : {y, x}) {
    rows.columns.push_back(c.name);
    if (for_people)
      rows.columns.push_back("95_percent");
    else
      rows.columns.insert(rows.columns.end(), {c.name + "_low", c.name + "_high"});
  }
  rows.columns.push_back("probability");
  const bool has_parameters = answer.x.key == "parameters" || answer.y.key == "parameters";
  if (!has_parameters) rows.columns.push_back(for_people ? "params_m" : "parameters");
  rows.columns.push_back(for_people ? "trial" : "trials");
  for (const auto* s : shown) {
    std::vector<Value> row{std::int64_t{s->group},
                           std::string(s->on_frontier ? "yes" : "no"),
                           s->architecture,
                           s->tag,
                           s->learning_rate,
                           s->image_size,
                           static_cast<std::int64_t>(s->trials.size())};
    const auto add = [&](const Column& c, double value, double low, double high) {
      row.push_back(number(value * c.factor));
      if (for_people)
        row.emplace_back(range(low, high, c.factor));
      else
        row.insert(row.end(), {number(low), number(high)});
    };
    add(y, s->y, s->y_low, s->y_high);
    add(x, s->x, s->x_low, s->x_high);
    row.emplace_back(s->probability);
    if (!has_parameters) {
      const auto* count = std::get_if<std::int64_t>(&s->parameters);
      row.push_back(!count       ? Value()
                    : for_people ? Value(static_cast<double>(*count) / 1e6)
                                 : Value(*count));
    }
    row.emplace_back(fmt::format("{}", fmt::join(s->trials, " ")));
    rows.rows.push_back(std::move(row));
  }
  return rows;
}

// What a narrow terminal can do without: never the axes.
std::vector<std::string> spare(const Answer& answer) {
  std::vector<std::string> columns{"params_m",    "image_size", "seeds",       "95_percent",
                                   "on_frontier", "near_it",    "experiments", "trial",
                                   "tag",         "lr",         "probability"};
  for (const auto* m : {&answer.x, &answer.y}) std::erase(columns, column(*m, true).name);
  return columns;
}

// A row a family: how much of the frontier it holds, and its own best, best first.
Rows family_rows(const Answer& answer, bool for_people) {
  struct Family {
    std::int64_t experiments = 0, on_frontier = 0, near = 0;
    const Standing* best = nullptr;
  };
  const bool higher = answer.y.better == results::Better::higher;
  const auto better = [&](const Standing& a, const Standing& b) {
    return higher ? a.y > b.y : a.y < b.y;
  };
  std::map<std::string, Family> families;
  for (const auto& s : answer.standings) {  // cheapest first: of equals the cheapest is kept
    auto& f = families[s.family];
    ++f.experiments;
    f.on_frontier += s.on_frontier;
    f.near += s.group > 0 && !s.on_frontier;
    if (!f.best || better(s, *f.best)) f.best = &s;
  }
  std::vector<std::pair<std::string, Family>> order(families.begin(), families.end());
  std::ranges::stable_sort(
      order, [&](const auto& a, const auto& b) { return better(*a.second.best, *b.second.best); });
  const auto x = column(answer.x, for_people), y = column(answer.y, for_people);
  Rows rows;
  rows.columns = {"family", "experiments", "on_frontier", "near_it", "best",
                  "tag",    y.name,        x.name,        "trial"};
  for (const auto& [name, f] : order)
    rows.rows.push_back({name, f.experiments, f.on_frontier, f.near, f.best->architecture,
                         f.best->tag, number(f.best->y * y.factor), number(f.best->x * x.factor),
                         f.best->trials[0]});
  return rows;
}

Rows over_time_rows(const results::Reader& reader, const results::Selection& s) {
  Rows rows;
  rows.columns = {"finished_at", "hours", "trial", "architecture", "share"};
  for (const auto& p : results::hypervolume_over_time(reader, s))
    rows.rows.push_back({p.finished_at, p.hours, p.trial, p.architecture, p.share});
  return rows;
}

void drop_tags_if_none(Rows& rows) {
  const auto at =
      static_cast<std::size_t>(std::ranges::find(rows.columns, "tag") - rows.columns.begin());
  for (const auto& row : rows.rows)
    if (row[at] != Value(std::string())) return;
  drop_column(rows, at);
}

// What the rows cannot say themselves, a line each.
std::string notes(const Answer& answer) {
  std::string out;
  if (answer.left_out > 0)
    out += fmt::format(
        "compared under: {}; left out: {} trial{} under {} other key{} (--speed-key and "
        "--accuracy-key choose, table comparability_keys has them)\n",
        answer.keys, answer.left_out, answer.left_out == 1 ? "" : "s", answer.other_keys,
        answer.other_keys == 1 ? "" : "s");
  const auto is_unknown = [](double Standing::*low) {
    return [low](const Standing& s) { return s.group > 0 && std::isnan(s.*low); };
  };
  for (const auto& [m, low] :
       {std::pair(&answer.y, &Standing::y_low), {&answer.x, &Standing::x_low}})
    if (std::ranges::any_of(answer.standings, is_unknown(low)))
      out += fmt::format(
          "how much {} scatters is not known: no experiment here has several seeds{}; the "
          "probabilities take it as exact\n",
          m->key, m->unit == "s" || m->unit == "1/s" ? " or timing samples" : "");
  return out;
}

int frontier(const Options& o) {
  const results::Reader reader(find_database(o.database.database));
  const bool for_people = o.database.for_people();
  auto s = selection(o);
  s.only_near = o.by.empty();
  const auto answer = results::ask_frontier(reader, s);
  auto rows = o.over_time    ? over_time_rows(reader, s)
              : o.by.empty() ? frontier_rows(answer, for_people)
                             : family_rows(answer, for_people);
  if (for_people && !o.over_time) drop_tags_if_none(rows);
  print_rows(rows, o.database.format, spare(answer));
  std::fflush(stdout);  // the notes come after the rows, also where both go to one file
  if (answer.standings.empty())
    fmt::print(stderr, "no finished trial that the conditions allow has both {} and {}\n",
               answer.x.key, answer.y.key);
  if (o.over_time && rows.rows.empty() && !answer.standings.empty())
    fmt::print(stderr, "when these trials finished is not known: imported results have no time\n");
  if (o.over_time && !rows.rows.empty())
    fmt::print(stderr,
               "share: of the final hypervolume of {} (logarithm) and {}, from the worst of each\n",
               answer.x.key, answer.y.key);
  fmt::print(stderr, "{}", notes(answer));
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_database_options(app, o->database);
  app.add_option("--x", o->x,
                 "A metric, such as throughput, memory, params or train_time; by default latency, "
                 "or what the rows have instead");
  app.add_option("--y", o->y, "Another, such as error; by default top1");
  add_row_options(app, o->rows);
  auto* by = app.add_option("--by", o->by,
                            "family: a row a family, with how many points of the frontier it "
                            "holds, how many near it, and its own best")
                 ->check(CLI::IsMember({"family"}));
  app.add_flag("--over-time", o->over_time,
               "How much of the final frontier was known when: a row a trial that raised it")
      ->excludes(by);
  app.add_option("--speed-key", o->speed_key,
                 "Machine and precision to compare under (or a beginning of the key); by default "
                 "that of most rows");
  app.add_option("--accuracy-key", o->accuracy_key, "Likewise for data and recipe");
  return [o] { return frontier(*o); };
}

}  // namespace

void print_usual_frontier(const results::Reader& reader) {
  const auto answer = results::ask_frontier(reader, {.only_near = true});
  auto rows = frontier_rows(answer, true);
  drop_tags_if_none(rows);
  print_rows(rows, "table", spare(answer));
}

extern const Command frontier_command;
const Command frontier_command{
    "frontier", "Experiments that no other beats on both axes, and those that may not be beaten",
    "  archsweep frontier quickstart.db --where \"latency_ms < 1\"\n"
    "  archsweep frontier pets.db --max-memory 2GB --x train_time --y error\n"
    "  archsweep frontier pets.db --by family\n"
    "  archsweep frontier pets.db --over-time --format csv\n"
    "\nAn experiment is all trials that differ by their seed alone: y is their mean, x their "
    "median.\n"
    "Rows of a group cannot be told apart: its point of the frontier beats the others in fewer "
    "than\n"
    "95 % of 1,000 draws of seeds and timing samples. probability: of being on the frontier.\n"
    "`archsweep leaderboard --help` names the columns for --where.\n",
    declare};

}  // namespace archsweep::cli
