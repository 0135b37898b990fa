#pragma once

// What the commands that read a database share.

#include <string>
#include <vector>

#include "results/query.h"
#include "results/selection.h"
#include "runner/cli/command.h"

namespace archsweep::runner {
struct Config;
}

namespace archsweep::cli {

// The path as given, or the only *.db in the working folder. Throws Error when there is none or
// more than one.
std::string find_database(const std::string& given);

// The arguments [DB] and --format.
struct DatabaseOptions {
  std::string database, format = "table";
  bool for_people() const { return format == "table" || format == "md"; }
};
void add_database_options(CLI::App& app, DatabaseOptions& o);

// --where, --family and --max-memory, which say what rows count; call `read` after parsing.
struct RowOptions {
  std::string where, max_memory;
  std::vector<std::string> families;
  results::Selection read() const;  // throws Error: a size that is none
};
void add_row_options(CLI::App& app, RowOptions& o);

void drop_column(results::Rows& rows, std::size_t column);

// The frontier picture of a database into a file, and a line on what is left out.
void plot_to(const std::string& database, const std::string& title, const std::string& file,
             int width);

// The best `limit` trials, and the frontier of speed and accuracy, as tables.
void print_best_trials(const results::Reader& reader, int limit);
void print_usual_frontier(const results::Reader& reader);

// After a sweep: the best rows, the frontier and the pictures that the config asks for.
void show_results(const runner::Config& config);

}  // namespace archsweep::cli
