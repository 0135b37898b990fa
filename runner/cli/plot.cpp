#include <charconv>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/plot/draw.h"
#include "results/plot/pictures.h"
#include "results/query.h"
#include "runner/cli/database.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {

namespace fs = std::filesystem;
using results::By;
using results::PictureRequest;
using results::Reader;
using results::Theme;

namespace {

void check_drawable(const results::Chart& chart, const std::string& remark,
                    const std::string& file) {
  if (chart.points.empty() && chart.lines.empty())
    throw Error(fmt::format("{}: not written, there is nothing to draw: {}", file,
                            remark.empty() ? "no finished trial has what was asked for" : remark),
                Exit::trials_failed);
}

}  // namespace

void plot_to(const std::string& database, const std::string& title, const std::string& file,
             int width) {
  std::string remark;
  const auto chart =
      results::frontier_chart(Reader(database), {.selection = {}, .title = title, .size = {}},
                              file.ends_with(".html"), remark);
  check_drawable(chart, remark, file);
  results::draw(chart, file, width);
  if (!remark.empty()) fmt::print(stderr, "{}: {}\n", file, remark);
}

namespace {

struct Options {
  std::string database, output, before, after;
  std::string kind = "frontier", by, theme = "auto";
  RowOptions rows;
  PictureRequest request;
  int width = 1000;
};

// The place of `word` among the choices. Throws Error.
std::size_t choice(const char* option, const std::string& word,
                   const std::vector<std::string>& choices) {
  const auto found = std::ranges::find(choices, word);
  if (found == choices.end())
    throw Error(fmt::format("{}: '{}' is none of {}{}", option, printable(word, 80),
                            fmt::join(choices, ", "), did_you_mean(word, choices)));
  return static_cast<std::size_t>(found - choices.begin());
}

// A sweep of the database, by its name or number, as a condition on trials.
std::string trials_of_sweep(const Reader& reader, const std::string& sweep, const char* option) {
  std::vector<std::string> names;
  std::int64_t number = -1;
  std::from_chars(sweep.data(), sweep.data() + sweep.size(), number);
  for (const auto& row : reader.ask("SELECT name, sweep FROM sweeps ORDER BY sweep").rows) {
    names.push_back(std::get<std::string>(row[0]));
    const auto id = std::get<std::int64_t>(row[1]);
    if (fmt::format("{}", id) == sweep)
      return fmt::format("trial IN (SELECT trial FROM sweep_trials WHERE sweep = {})", id);
  }
  choice(option, sweep, names);
  return "trial IN (SELECT trial FROM sweep_trials JOIN sweeps USING (sweep) WHERE name = " +
         results::sql_text(sweep) + ")";
}

results::Chart compare(const Options& o, std::string& remark) {
  if (o.before.empty() || o.after.empty())
    throw Error("--kind compare needs --before and --after, each a sweep or a database");
  std::vector<std::unique_ptr<Reader>> readers;
  const auto side = [&](const std::string& given, const char* option) -> results::Side {
    const bool is_file = fs::path(given).extension() == ".db" || fs::exists(given);
    if (!is_file && o.database.empty())
      throw Error(
          fmt::format("{} {}: no such file; for a sweep of that name, name its database first: "
                      "plot DB ...",
                      option, given));
    readers.push_back(std::make_unique<Reader>(is_file ? given : find_database(o.database)));
    auto request = o.request;
    if (!is_file) {
      const auto trials = trials_of_sweep(*readers.back(), given, option);
      auto& where = request.selection.where;
      where = where.empty() ? trials : fmt::format("({}) AND {}", where, trials);
    }
    return {*readers.back(), request, is_file ? fs::path(given).stem().string() : given};
  };
  const auto before = side(o.before, "--before"), after = side(o.after, "--after");
  return results::compare_chart(before, after, remark);
}

results::Chart chart_of(Options& o, std::string& remark) {
  const auto kind =
      choice("--kind", o.kind, {"frontier", "curves", "over-time", "compare", "rates", "fit"});
  if (o.by.empty()) o.by = kind == 3 ? "architecture" : "experiment";
  o.request.by = static_cast<By>(choice("--by", o.by, {"experiment", "architecture", "bests"}));
  if (kind != 3 && (!o.before.empty() || !o.after.empty()))
    throw Error("--before and --after are for --kind compare");
  if (kind == 3) {
    if (o.request.by == By::experiment)
      throw Error("--by: --kind compare joins architectures; --by architecture or --by bests");
    return compare(o, remark);
  }
  const auto database = find_database(o.database);
  const Reader reader(database);
  if (kind == 1) return results::curves_chart(reader, o.request, remark);
  if (kind == 5) return results::fit_chart(reader, o.request);
  if (kind == 4) return results::rates_chart(reader, o.request);
  if (kind == 2) return results::over_time_chart(reader, o.request);
  return results::frontier_chart(reader, o.request, o.output.ends_with(".html"), remark);
}

Action plot(CLI::App& app) {
  auto o = std::make_shared<Options>();
  auto& request = o->request;
  app.add_option("database", o->database,
                 "Results database; by default the only *.db in this folder");
  app.add_option("-o,--output", o->output, "Picture: .html, .svg or .png")->required();
  app.add_option(
      "--kind", o->kind,
      "frontier: a mark an experiment; curves: a line a trial, by epoch; over-time: what the "
      "frontier was worth by the hour; rates: the loss of each learning rate of the last sweep, by "
      "epoch; fit: a function's points and the curve every few epochs; compare: --before and "
      "--after");
  add_frontier_options(app, o->rows);
  app.add_flag("--linear", request.linear_x, "No log scale across");
  app.add_flag("--log-y", request.log_y, "A log scale up");
  app.add_option("--size", request.size,
                 "Column that the marks' area shows, such as parameters or \"image_size^2\"");
  app.add_flag("--trend", request.trends, "A line a family, fitted by least squares");
  app.add_option("--by", o->by,
                 "A mark stands for: experiment (seeds together), architecture (its best "
                 "experiment) or bests (an architecture's best x and best y, taken apart)");
  app.add_option("--before", o->before, "Sweep (name or number) or database");
  app.add_option("--after", o->after, "Sweep (name or number) or database");
  app.add_option("--title", request.title, "Title of the picture");
  app.add_option("--width", o->width, "Of SVG and PNG, in pixels")->check(CLI::Range(500, 4000));
  app.add_option("--theme", o->theme, "light, dark or auto (as the reader's browser is set)");
  return [o] {
    const Theme themes[] = {Theme::light, Theme::dark, Theme::automatic};
    const auto theme = themes[choice("--theme", o->theme, {"light", "dark", "auto"})];
    o->request.selection = o->rows.read();
    std::string remark;
    const auto chart = chart_of(*o, remark);
    check_drawable(chart, remark, o->output);
    results::draw(chart, o->output, o->width, theme);
    if (!remark.empty()) fmt::print(stderr, "{}: {}\n", o->output, remark);
    fmt::print("{}\n", o->output);
    return 0;
  };
}

}  // namespace

extern const Command plot_command;
const Command plot_command{
    "plot", "Draw speed against accuracy with the frontier, learning curves, or before and after",
    "  archsweep plot quickstart.db -o frontier.html\n"
    "  archsweep plot timm.db -o best.svg --x seconds_per_sample --by architecture --size "
    "\"image_size^2\" --trend\n"
    "  archsweep plot quickstart.db -o curves.png --kind curves --y valid_loss\n"
    "  archsweep plot curve.db -o fit.svg --kind fit\n"
    "  archsweep plot learning_rate_lesson.db -o rates.svg --kind rates\n"
    "  archsweep plot -o moved.svg --kind compare --before monday.db --after tuesday.db\n"
    "\nExit code: 0 drawn, 1 there was nothing to draw (no file), 2 bad usage, 3 it cannot be "
    "written\n",
    plot};

}  // namespace archsweep::cli
