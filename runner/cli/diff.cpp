#include <cmath>
#include <filesystem>
#include <map>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "results/cells.h"
#include "results/metric.h"
#include "results/query.h"
#include "runner/cli/database.h"
#include "runner/cli/rows.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

using results::Rows, results::Value;

struct Options {
  DatabaseOptions database;
  std::vector<std::string> words;
  bool all = false;
};

// What is known of a trial, in the order in which it is shown.
using Facts = std::vector<std::pair<std::string, Value>>;

void add_leaves(Facts& facts, const std::string& path, const nlohmann::ordered_json& json) {
  if (json.is_object() && !json.empty()) {
    for (const auto& [key, value] : json.items())
      add_leaves(facts, path.empty() ? key : path + "." + key, value);
  } else if (json.is_number_integer()) {
    facts.emplace_back(path, json.get<std::int64_t>());
  } else if (json.is_number()) {
    facts.emplace_back(path, json.get<double>());
  } else {
    facts.emplace_back(path, json.is_string() ? json.get<std::string>() : json.dump());
  }
}

void add_row(Facts& facts, const Rows& rows) {
  for (std::size_t i = 0; i < rows.columns.size(); ++i)
    facts.emplace_back(rows.columns[i], rows.rows.empty() ? Value() : rows.rows[0][i]);
}

struct Trial {
  Facts settings, environment, results;
};

Trial read_trial(const results::Reader& reader, const std::string& word) {
  const bool is_number =
      !word.empty() && word.size() < 18 && word.find_first_not_of("0123456789") == word.npos;
  const auto found =
      is_number ? reader.ask("SELECT spec FROM trials WHERE trial = " + word) : Rows();
  if (found.rows.empty()) {
    const auto ends = reader.ask("SELECT min(trial), max(trial) FROM trials").rows[0];
    const auto* first = std::get_if<std::int64_t>(&ends[0]);
    throw Error(fmt::format("no trial {}; {}", printable(word, 40),
                            first ? fmt::format("they are numbered {} to {}: `archsweep "
                                                "leaderboard` shows the numbers",
                                                *first, std::get<std::int64_t>(ends[1]))
                                  : "the database has none yet"));
  }
  Trial trial;
  const auto spec =
      nlohmann::ordered_json::parse(std::get<std::string>(found.rows[0][0]), nullptr, false);
  if (spec.is_object()) add_leaves(trial.settings, "", spec);
  add_row(
      trial.environment,
      reader.ask("SELECT e.device, device_name, driver, torch, archsweep, threads, host, os FROM "
                 "trials t JOIN attempts a ON (a.trial, a.attempt) = (t.trial, t.attempt) JOIN "
                 "environments e USING (environment) WHERE t.trial = " +
                 word));
  std::string columns;
  for (const auto& m : results::metrics) columns += std::string(m.key) + ", ";
  add_row(
      trial.results,
      reader.ask("SELECT t.state, (SELECT cause FROM attempts a WHERE (a.trial, a.attempt) = "
                 "(t.trial, t.attempt)) AS cause, " +
                 columns +
                 "speed_key, accuracy_key FROM trials t LEFT JOIN finished f USING (trial) WHERE "
                 "t.trial = " +
                 word));
  return trial;
}

// Appends what differs (or all) of one part; returns how many are equal and left out.
int compare(Rows& rows, const std::string& part, const Facts& a, const Facts& b, bool all) {
  const std::map<std::string, Value> second(b.begin(), b.end());
  int equal = 0;
  const auto add = [&](const std::string& what, const Value& x, const Value& y) {
    if (x == y && !all) {
      equal += x != Value();
      return;
    }
    std::vector<Value> row{part, what, x, y, {}, {}};
    const double p = results::number_of(x), q = results::number_of(y);
    if (part == "results" && !std::isnan(p) && !std::isnan(q)) {
      row[4] = q - p;
      if (p != 0) row[5] = q / p;
    }
    rows.rows.push_back(std::move(row));
  };
  for (const auto& [what, value] : a) {
    const auto other = second.find(what);
    add(what, value, other == second.end() ? Value() : other->second);
  }
  const std::map<std::string, Value> first(a.begin(), a.end());
  for (const auto& [what, value] : b)
    if (!first.contains(what)) add(what, {}, value);
  return equal;
}

Action diff(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option(
         "words", o->words,
         "[DB] TRIAL TRIAL: two numbers of `archsweep leaderboard`; the database by default "
         "the only *.db in this folder")
      ->required()
      ->expected(2, 3);
  add_format_option(app, o->database.format);
  app.add_flag("--all", o->all, "Also what is equal");
  return [o] {
    const bool named = o->words.size() == 3;
    if (!named && std::filesystem::is_regular_file(o->words[0]))
      throw Error(fmt::format(
          "{} is a database: diff compares two trials of it, as in `archsweep diff {} 3 7`",
          printable(o->words[0], 80), printable(o->words[0], 80)));
    const results::Reader reader(find_database(named ? o->words[0] : ""));
    const auto &first = o->words[named ? 1 : 0], &second = o->words[named ? 2 : 1];
    const auto a = read_trial(reader, first), b = read_trial(reader, second);
    Rows rows;
    rows.columns = {"of", "what", "trial_" + first, "trial_" + second, "difference", "ratio"};
    int equal = compare(rows, "settings", a.settings, b.settings, o->all);
    equal += compare(rows, "environment", a.environment, b.environment, o->all);
    equal += compare(rows, "results", a.results, b.results, o->all);
    print_rows(rows, o->database.format);
    if (equal > 0 && o->database.for_people())
      fmt::print("{} more are equal; --all shows them\n", equal);
    return 0;
  };
}

}  // namespace

extern const Command diff_command;
const Command diff_command{"diff", "What differs between two trials: settings, machine, results",
                           "  archsweep diff quickstart.db 3 7\n", diff};

}  // namespace archsweep::cli
