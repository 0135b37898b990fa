#pragma once

// What the commands that read a database share.

#include <string>

#include "runner/cli/command.h"

namespace archsweep::runner {
struct Config;
}

namespace archsweep::cli {

// The path as given, or the only *.db in the working folder. Throws Error when there is none or
// more than one.
std::string find_database(const std::string& given);

// The frontier picture of a database into a file, and a line on what is left out.
void plot_to(const std::string& database, const std::string& title, const std::string& file,
             int width);

// After a sweep: the best rows, the frontier and the pictures that the config asks for.
void show_results(const runner::Config& config);

}  // namespace archsweep::cli
