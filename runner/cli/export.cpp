#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "archs/catalog.h"
#include "results/export/table.h"
#include "results/query.h"
#include "results/trial.h"
#include "runner/cli/become_worker.h"
#include "runner/cli/command.h"
#include "runner/cli/trained_trial.h"
#include "runner/schedule/each_job.h"
#include "runner/schedule/kept_files.h"
#include "runner/schedule/process_runner.h"
#include "runner/schedule/status.h"
#include "runner/support/error.h"
#include "runner/support/temporary_folder.h"
#include "runner/support/text.h"
#include "runner/trial/protocol.h"

namespace archsweep::cli {
namespace {

namespace fs = std::filesystem;

struct Options {
  std::string database, files, output, device = "auto";
  std::int64_t trial = 0;
  bool no_check = false, train_again = false;
};

// The row of `finished`, as JSON.
std::string measured(const results::Reader& reader, std::int64_t trial) {
  const auto rows = reader.ask(fmt::format("SELECT * FROM finished WHERE trial = {}", trial));
  return nlohmann::ordered_json::parse(results::write_rows(rows, "json")).at(0).dump();
}

// On the data that it was trained on, or not at all. false: the user stopped it.
bool train_again(const TrainedTrial& trial, const fs::path& weights) {
  const TemporaryFolder own("archsweep-export");
  const auto files = own.path() / "worker";
  runner::ProcessRunner processes(runner::find_worker());
  runner::Status status(stderr);
  runner::Job job{.kind = "prepare",
                  .spec = runner::spec_from_json(nlohmann::json::parse(trial.spec)),
                  .device = trial.device,
                  .threads = trial.threads,
                  .cache_folder = (trial.folder / "cache").string(),
                  .precision = trial.dtype};
  std::string split_hash;
  const auto is_prepared = [&](const runner::Event& event) {
    const auto* prepared = std::get_if<runner::Prepared>(&event);
    if (prepared) split_hash = prepared->split_hash;
    return prepared != nullptr;
  };
  status.doing("  looking at its data");
  if (!run_one({}, trial.name, {job, files}, is_prepared, processes, status)) return false;
  if (split_hash != trial.split_hash)
    throw Error(
        fmt::format("{}: {} has other images than it was trained on: trained again it were "
                    "another network; run a sweep on them",
                    trial.name, job.spec.dataset.root));
  job.kind = "train";
  job.weights = weights.string();
  // What it said is of the weights that were.
  const auto logits = runner::logits_file(trial.folder, trial.fingerprint);
  if (!fs::exists(logits)) job.logits = logits.string();
  const auto is_trained = [&](const runner::Event& event) {
    if (const auto* p = std::get_if<runner::Progress>(&event); p && p->epochs > 0)
      status.doing(fmt::format("  training it again: epoch {} of {}", p->epoch, p->epochs));
    return std::holds_alternative<results::Summary>(event);
  };
  return run_one({}, trial.name, {job, files}, is_trained, processes, status);
}

// The weights that are there; nullopt: the user stopped training them again.
std::optional<fs::path> find_weights(const Options& o, const TrainedTrial& trial) {
  const auto kept = runner::weights_file(trial.folder, trial.fingerprint);
  if (fs::exists(kept)) return kept;
  const auto checkpoint = trial.folder / "checkpoints" / kept.filename();
  if (fs::exists(checkpoint)) return checkpoint;
  if (!o.train_again)
    throw Error(fmt::format(
        "{}: its weights are not in {}: --train-again trains it once more ({}); sweeps keep those "
        "of the frontier unless output.keep_weights is all; --files names the folder if it moved",
        trial.name, kept.parent_path().string(), human_duration(trial.train_seconds)));
  if (!train_again(trial, kept)) return {};
  if (fs::exists(kept)) return kept;
  throw Error(fmt::format("{}: {} could not be written", trial.name, kept.string()),
              Exit::environment);
}

int export_trial(Options o) {
  const results::Reader reader(o.database);
  const auto trial = trained_trial(reader, o.trial, o.files);
  if (archs::get(trial.architecture).input == archs::Input::number)
    throw Error(
        fmt::format("{}: it fits a curve, and there is nothing to export: its numbers are in "
                    "the tables parameters and curves",
                    trial.name));
  const auto weights = find_weights(o, trial);
  if (!weights) return stopped_by_user;
  become_worker(
      std::vector<std::string>{"export", encode(runner::ExportJob{
                                             .weights = weights->string(),
                                             .fingerprint = trial.fingerprint,
                                             .folder = fs::path(o.output).lexically_normal(),
                                             .cache_folder = (trial.folder / "cache").string(),
                                             .measured = measured(reader, o.trial),
                                             .device = o.device,
                                             .is_checked = !o.no_check,
                                         })});
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("database", o->database, "Results database")->required();
  app.add_option("trial", o->trial, "Number of a finished trial, as the leaderboard shows it")
      ->required();
  app.add_option("-o,--output", o->output, "Folder to write")->required();
  app.add_flag("--train-again", o->train_again, "Where the weights were not kept");
  app.add_flag("--no-check", o->no_check, "Do not predict the validation images to compare");
  app.add_option("--files", o->files, "The sweep's output.folder, if it has moved");
  app.add_option("--device", o->device, "auto, cpu or cuda:N: where predictions are compared");
  return [o] { return export_trial(*o); };
}

}  // namespace

extern const Command export_command;
const Command export_command{"export",
                             "A trial's trained network as a folder that timm and predict load",
                             "  archsweep export pets.db 7 -o pets-model\n"
                             "  archsweep export pets.db 7 -o pets-model --train-again\n"
                             "Writes model.safetensors and config.json, and compares what the "
                             "network says of the validation\n"
                             "images before and after. In Python: "
                             "timm.create_model('local-dir:pets-model', pretrained=True)\n",
                             declare};

}  // namespace archsweep::cli
