#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "runner/cli/command.h"
#include "runner/config/config.h"

namespace archsweep::cli {

extern const Command schema_command;
const Command schema_command{"schema", "The JSON Schema of configs, for editors",
                             "  archsweep schema > configs/archsweep.schema.json\n",
                             [](CLI::App&) -> Action {
                               return [] {
                                 fmt::print("{}", runner::json_schema());
                                 return 0;
                               };
                             }};

}  // namespace archsweep::cli
