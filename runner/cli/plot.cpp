#include <filesystem>
#include <memory>
#include <string>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/plot/draw.h"
#include "results/query.h"
#include "runner/cli/database.h"

namespace archsweep::cli {

namespace fs = std::filesystem;

void plot_to(const std::string& database, const std::string& title, const std::string& file,
             int width) {
  std::size_t left_out = 0;
  const auto chart = results::frontier_chart(results::Reader(database), title, left_out);
  results::draw(chart, file, width);
  if (left_out)
    fmt::print(stderr, "{}: {} trials of another machine, precision or recipe are left out\n", file,
               left_out);
}

namespace {

struct Options {
  std::string database, output;
  int width = 1000;
};

Action plot(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("database", o->database,
                 "Results database; by default the only *.db in this folder");
  app.add_option("-o,--output", o->output, "Picture: .html, .svg or .png")->required();
  app.add_option("--width", o->width, "Of SVG and PNG, in pixels")->check(CLI::Range(500, 4000));
  return [o] {
    const auto database = find_database(o->database);
    plot_to(database, fs::path(database).stem().string() + ": speed against accuracy", o->output,
            o->width);
    fmt::print("{}\n", o->output);
    return 0;
  };
}

}  // namespace

extern const Command plot_command;
const Command plot_command{"plot", "Draw speed against accuracy, with the frontier",
                           "  archsweep plot quickstart.db -o frontier.html\n", plot};

}  // namespace archsweep::cli
