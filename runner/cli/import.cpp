#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "results/export/table.h"
#include "results/import/import.h"
#include "results/import/published.h"
#include "runner/cli/command.h"
#include "runner/support/csv.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

struct Options {
  std::string database, unmatched;
  std::vector<std::string> files;
};

struct File {
  std::string path, text;
  results::PublishedTable table;
};

std::string words_for(results::TableKind kind) {
  switch (kind) {
    case results::TableKind::accuracy:
      return "accuracies";
    case results::TableKind::inference:
      return "speeds of inference";
    case results::TableKind::training:
      return "speeds of training";
    case results::TableKind::runs:
      break;
  }
  return "fine-tuning runs";
}

void tell(const File& file, const results::Imported& done) {
  if (!done.is_new)
    return fmt::print("{}: imported before, {}; nothing to do\n", file.path, done.since);
  fmt::print("{}: {} {}{}\n", file.path, file.table.rows(), words_for(file.table.kind),
             done.about.empty() ? "" : " (" + done.about + ")");
  if (done.has_namesake)
    fmt::print("  differs from the file of this name imported {}: both are kept, apart\n",
               done.since);
}

// What became of the rows of each two tables: how many, with examples.
void tell(const results::Rows& outcomes) {
  constexpr std::pair<std::string_view, std::string_view> meanings[] = {
      {"joined", "rows: accuracy and speed of one architecture at one image size"},
      {"no_speed", "accuracies without a speed"},
      {"speed_at_other_size", "accuracies with a speed at another image size only"},
      {"no_accuracy", "speeds without an accuracy"},
      {"accuracy_at_other_size", "speeds with an accuracy at another image size only"},
  };
  for (const auto& row : outcomes.rows) {
    const auto text = [&](std::size_t i) { return std::get<std::string>(row[i]); };
    const auto outcome = text(2);
    if (outcome == "joined") fmt::print("\n{} with {}\n", text(0), text(1));
    const auto count = std::get<std::int64_t>(row[3]);
    auto examples = printable(text(4), 200);
    if (!examples.empty()) examples = ": " + examples + (count > 3 ? ", ..." : "");
    for (const auto& [word, meaning] : meanings)
      if (word == outcome) fmt::print("{:>8} {}{}\n", count, meaning, examples);
  }
}

int import(const Options& o) {
  if (o.files.empty() && !std::filesystem::exists(o.database))
    throw Error(fmt::format(
        "{}: no such file, and no tables to fill it with; name some, such as results-imagenet.csv",
        printable(o.database, 80)));
  std::vector<File> files;
  for (const auto& path : o.files) {
    auto text = read_csv_file(path);
    auto table = results::read_published(text, path);
    files.push_back({path, std::move(text), std::move(table)});
  }
  results::Import into(o.database);
  for (const auto& file : files) tell(file, into.add(file.path, file.text, file.table));
  into.join();
  const auto unmatched = o.unmatched.empty() ? "" : results::write_rows(into.unmatched(), "csv");
  into.commit();
  tell(into.outcomes());
  if (!o.unmatched.empty()) {
    std::ofstream out(o.unmatched, std::ios::binary);
    if (!(out << unmatched).flush())
      throw Error(
          fmt::format("{}: cannot be written; is its folder there and writable?", o.unmatched),
          Exit::environment);
  }
  return 0;
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("database", o->database, "Results database; made where there is none")->required();
  app.add_option("file", o->files,
                 "Tables: timm's results-*.csv, benchmark-infer-*.csv and benchmark-train-*.csv, "
                 "fastai_timm.csv; none: only join again, with new benchmarks");
  app.add_option("--unmatched", o->unmatched,
                 "Write every row that found no partner to this CSV file");
  return [o] { return import(*o); };
}

}  // namespace

extern const Command import_command;
const Command import_command{
    "import", "Published accuracies, speeds and runs into a database",
    "  archsweep import world.db results-imagenet.csv benchmark-infer-*.csv --unmatched left.csv\n"
    "  archsweep import study.db fastai_timm.csv\n"
    "  archsweep query study.db \"SELECT * FROM best_of_runs WHERE dataset = 'pets' LIMIT 15\"\n",
    declare};

}  // namespace archsweep::cli
