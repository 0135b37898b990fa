#pragma once

// What the commands that print rows share.

#include <string>
#include <vector>

#include "results/query.h"
#include "runner/cli/command.h"

namespace archsweep::cli {

// --format: one of results::formats. `remark`: what its help says besides.
void add_format_option(CLI::App& app, std::string& format,
                       const std::string& remark = "exact numbers in csv and json");

// To stdout. A table that is wider than the terminal leaves columns out, those in `spare` first and
// in this order, and says so on stderr; pipes and files get all.
void print_rows(const results::Rows& rows, const std::string& format,
                const std::vector<std::string>& spare = {});

}  // namespace archsweep::cli
