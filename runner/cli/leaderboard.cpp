#include <algorithm>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/comparable.h"
#include "results/condition.h"
#include "results/export/table.h"
#include "results/metric.h"
#include "runner/cli/database.h"
#include "runner/cli/rows.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

using results::Rows;

constexpr int usual_limit = 30;

struct Options {
  DatabaseOptions database;
  RowOptions rows;
  std::string sort, columns;
  int limit = -1;  // 0: all; -1: the usual
};

// What people see, of what they may ask for: a person's units, and no column that no row has.
struct Printed {
  std::string_view column;
  std::string_view metric = "";  // that it shows
};
constexpr Printed printed[] = {{"architecture"},
                               {"tag"},
                               {"lr"},
                               {"seed"},
                               {"image_size"},
                               {"top1_percent", "top1"},
                               {"tta_percent", "tta_top1"},
                               {"latency_ms", "latency"},
                               {"samples_per_s", "throughput"},
                               {"train_s", "train_seconds"},
                               {"train_mib", "train_memory_bytes"},
                               {"infer_mib", "inference_memory_bytes"},
                               {"params_m", "parameters"}};

// What a narrow terminal can do without, but for what the options name.
std::vector<std::string> spare(const Options& o) {
  if (!o.columns.empty()) return {};
  std::vector<std::string> columns;
  const auto options = o.sort + " " + o.rows.where;
  for (const std::string_view column :
       {"image_size", "infer_mib", "train_mib", "params_m", "train_s", "samples_per_s",
        "tta_percent", "seed", "tag", "lr"}) {
    const auto& p = *std::ranges::find(printed, column, &Printed::column);
    const bool is_memory = column.ends_with("_mib");
    if (options.find(column) == options.npos &&
        (p.metric.empty() || options.find(p.metric) == options.npos) &&
        !(is_memory && !o.rows.max_memory.empty()))
      columns.emplace_back(column);
  }
  return columns;
}

// A list in SQL at its commas, but for those within parentheses or quotes.
std::vector<std::string> terms(const std::string& list) {
  std::vector<std::string> all(1);
  int depth = 0;
  char quote = 0;
  for (const char c : list) {
    if (quote)
      quote = c == quote ? 0 : quote;
    else if (c == '\'' || c == '"' || c == '`')
      quote = c;
    depth += quote ? 0 : (c == '(') - (c == ')');
    if (c == ',' && depth == 0 && !quote)
      all.emplace_back();
    else
      all.back() += c;
  }
  for (auto& term : all) {
    term.erase(term.find_last_not_of(' ') + 1);
    term.erase(0, term.find_first_not_of(' '));
  }
  return all;
}

// Best first of a metric; else as the expression says, from the lowest.
std::string order_term(const results::Reader& reader, const std::string& term) {
  if (const auto* m = results::find_metric(term))
    return fmt::format("{} {}", m->key,
                       m->better == results::Better::higher ? "DESC" : "NULLS LAST");
  auto expression = term;
  std::string direction;
  for (const std::string word : {" desc", " asc"}) {
    if (!lower_case(expression).ends_with(word)) continue;
    expression.resize(expression.size() - word.size());
    direction = word;
  }
  results::check_expression(reader, "--sort", expression);
  return "(" + expression + ")" + direction + " NULLS LAST";
}

std::string order(const results::Reader& reader, const std::string& sort) {
  if (sort.empty()) return "top1 DESC, latency, trial";
  std::string all;
  for (const auto& term : terms(sort)) all += order_term(reader, term) + ", ";
  return all + "trial";
}

std::string columns(const results::Reader& reader, const Options& o) {
  const auto all = results::leaderboard_columns(reader);
  if (o.columns.empty()) {
    if (!o.database.for_people()) return "*";
    std::string list;
    for (const auto& p : printed) list += fmt::format("{}, ", p.column);
    for (const auto& term : terms(o.sort))
      if (const auto* m = results::find_metric(term);
          m && std::ranges::find(printed, m->key, &Printed::metric) == std::end(printed))
        list += fmt::format("{}, ", m->key);
    return list + "trial";
  }
  const auto chosen = split(o.columns, ',');
  for (const auto& column : chosen)
    if (std::ranges::find(all, column) == all.end())
      throw Error(fmt::format("--columns {}: no such column{}; there are {}", printable(column, 80),
                              did_you_mean(column, all), fmt::join(all, ", ")));
  return fmt::format("{}", fmt::join(chosen, ", "));
}

void drop_empty_columns(Rows& rows) {
  const results::Value null, no_text = std::string();
  for (auto i = rows.columns.size(); i-- > 0;)
    if (!rows.rows.empty() && std::ranges::all_of(rows.rows, [&](const auto& row) {
          return row[i] == null || row[i] == no_text;
        }))
      drop_column(rows, i);
}

std::size_t kinds(const Rows& rows, std::size_t column) {
  std::vector<results::Value> seen_keys;
  for (const auto& row : rows.rows)
    if (std::ranges::find(seen_keys, row[column]) == seen_keys.end())
      seen_keys.push_back(row[column]);
  return seen_keys.size();
}

// The rows to print, and on stderr what they leave unsaid.
Rows ask(const results::Reader& reader, Options o) {
  const auto from = results::conditions(reader, o.rows.read());
  if (const auto& usual = results::usual_y(reader, from); o.sort.empty() && usual.key != "top1")
    o.sort = usual.key;
  const int limit = o.limit >= 0 ? o.limit : o.database.for_people() ? usual_limit : 0;
  auto rows = reader.ask(fmt::format("SELECT {}, speed_key, accuracy_key {} ORDER BY {}{}",
                                     columns(reader, o), from, order(reader, o.sort),
                                     limit > 0 ? fmt::format(" LIMIT {}", limit) : ""));
  const auto last = rows.columns.size() - 1;
  const auto speeds = kinds(rows, last - 1), accuracies = kinds(rows, last);
  if (speeds > 1 || accuracies > 1)
    fmt::print(stderr,
               "these rows are of {} speed_key{} (machine, precision, image size) and {} "
               "accuracy_key{} (data, recipe): only rows of the same keys compare; `archsweep "
               "leaderboard --where \"{} = '...'\"` chooses, table comparability_keys says what "
               "each is\n",
               speeds, speeds == 1 ? "" : "s", accuracies, accuracies == 1 ? "" : "s",
               accuracies > 1 ? "accuracy_key" : "speed_key");
  drop_column(rows, last);
  drop_column(rows, last - 1);
  if (o.columns.empty() && o.database.for_people()) drop_empty_columns(rows);
  return rows;
}

Action leaderboard(CLI::App& app) {
  auto o = std::make_shared<Options>();
  add_database_options(app, o->database);
  app.add_option("--sort", o->sort,
                 "A metric, best first, or any SQL expression, lowest first unless it ends in "
                 "' desc'; several with commas between");
  add_row_options(app, o->rows);
  app.add_option("--columns", o->columns, "Columns to show: a,b,c");
  app.add_option("--limit", o->limit,
                 fmt::format("At most this many rows, 0: all; by default {} in a table, all in "
                             "csv and json",
                             usual_limit))
      ->check(CLI::Range(0, 1'000'000'000));
  return [o] {
    const results::Reader reader(find_database(o->database.database));
    const auto rows = ask(reader, *o);
    print_rows(rows, o->database.format, spare(*o));
    if (o->limit >= 0 || !o->database.for_people() || rows.rows.size() < usual_limit) return 0;
    const auto count = reader.ask("SELECT count(*) " + results::conditions(reader, o->rows.read()));
    const auto more = std::get<std::int64_t>(count.rows[0][0]) - usual_limit;
    if (more > 0) fmt::print("and {} more; --limit 0 shows all\n", more);
    return 0;
  };
}

}  // namespace

void print_best_trials(const results::Reader& reader, int limit) {
  Options o;
  o.limit = limit;
  print_rows(ask(reader, o), "table", spare(o));
}

extern const Command leaderboard_command;
const Command leaderboard_command{
    "leaderboard", "Finished trials, best accuracy first",
    "  archsweep leaderboard quickstart.db --sort latency --where \"top1 > 0.85\" --limit 10\n"
    "  archsweep leaderboard pets.db --sort score --max-memory 2.7GiB --where \"fit_time < 110\"\n"
    "  archsweep leaderboard pets.db --sort \"top1 / latency desc\" --columns "
    "architecture,lr,top1,latency\n"
    "\nColumns, for --where, --sort and --columns:\n"
    "  trial sweep source architecture tag family dataset learning_rate (lr) seed epochs\n"
    "  image_size top1 (top1_percent) top5 auc error valid_loss train_loss latency (latency_ms)\n"
    "  latency_low latency_high latency_mad latency_p90 latency_p99 throughput (samples_per_s)\n"
    "  seconds_per_sample train_seconds (train_s) fit_time score train_throughput\n"
    "  train_memory_bytes (train_mib) inference_memory_bytes (infer_mib) parameters (params_m)\n"
    "  macs (gmacs) activations data_wait_share dtype layout device_name valid_samples\n"
    "  tta_top1 (tta_percent) tta_loss finished_at experiment speed_key accuracy_key\n",
    leaderboard};

}  // namespace archsweep::cli
