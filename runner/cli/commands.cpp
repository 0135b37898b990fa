#include "runner/cli/command.h"

namespace archsweep::cli {

extern const Command run_command, check_command, list_command, status_command, leaderboard_command,
    frontier_command, diff_command, query_command, plot_command, show_command, schema_command,
    doctor_command, validate_command, import_command, bench_command, serve_command, merge_command,
    lr_find_command, show_batch_command, cache_command, export_command, predict_command,
    confusion_command, top_losses_command, compare_command, ensemble_command, calibration_command,
    serve_model_command;

namespace {

// In the order that --help shows them.
constexpr const Command* table[] = {
    &run_command,         &check_command,       &show_batch_command, &lr_find_command,
    &schema_command,      &list_command,        &show_command,       &status_command,
    &leaderboard_command, &frontier_command,    &diff_command,       &compare_command,
    &ensemble_command,    &confusion_command,   &top_losses_command, &calibration_command,
    &query_command,       &plot_command,        &serve_command,      &export_command,
    &predict_command,     &serve_model_command, &import_command,     &merge_command,
    &bench_command,       &validate_command,    &cache_command,      &doctor_command,
};

}  // namespace

std::span<const Command* const> commands() {
  return table;
}

}  // namespace archsweep::cli
