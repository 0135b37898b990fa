#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "results/export/table.h"
#include "results/query.h"
#include "results/trial.h"
#include "runner/cli/become_worker.h"
#include "runner/cli/command.h"
#include "runner/cli/database.h"
#include "runner/schedule/each_job.h"
#include "runner/schedule/kept_weights.h"
#include "runner/schedule/process_runner.h"
#include "runner/schedule/status.h"
#include "runner/support/error.h"
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

struct Trial {
  std::string name;  // "pets.db: trial 7 (resnet18)"
  std::string fingerprint, spec, device, dtype, measured;
  int threads = 0;
  double train_seconds = 0;
  fs::path folder;  // the sweep's output.folder
};

Trial find_trial(const Options& o) {
  const results::Reader reader(o.database);
  auto rows = reader.open(fmt::format(
      "SELECT t.architecture, t.source, t.state, t.fingerprint, t.spec, a.journal, a.device, "
      "e.threads, r.fit_time, r.dtype FROM trials t LEFT JOIN attempts a USING (trial, attempt) "
      "LEFT JOIN environments e USING (environment) LEFT JOIN results r USING (trial) "
      "WHERE t.trial = {}",
      o.trial));
  if (!rows.next())
    throw Error(fmt::format("{}: no trial {}; `archsweep leaderboard {}` has their numbers",
                            o.database, o.trial, o.database));
  Trial trial{.name = fmt::format("{}: trial {} ({})", o.database, o.trial, rows.text(0)),
              .fingerprint = std::string(rows.text(3)),
              .spec = std::string(rows.text(4)),
              .device = std::string(rows.text(6)),
              .dtype = std::string(rows.text(9)),
              .threads = static_cast<int>(rows.whole(7)),
              .train_seconds = rows.number(8),
              // The journal is FOLDER/trials/NAME.jsonl.
              .folder = fs::path(rows.text(5)).parent_path().parent_path()};
  if (rows.text(1) != "sweep")
    throw Error(fmt::format("{}: its numbers are from {}: nothing was trained here", trial.name,
                            rows.text(1) == "bench" ? "a benchmark" : "an import"));
  if (rows.text(2) != "done")
    throw Error(fmt::format("{} is {}: only a finished trial has weights to export", trial.name,
                            rows.text(2)));
  if (!o.files.empty()) trial.folder = o.files;
  const auto row = nlohmann::ordered_json::parse(results::write_rows(
      reader.ask(fmt::format("SELECT * FROM finished WHERE trial = {}", o.trial)), "json"));
  trial.measured = row.at(0).dump();
  return trial;
}

// false: the user stopped it.
bool train_again(const Trial& trial, const fs::path& weights) {
  runner::ProcessRunner processes(runner::find_worker());
  runner::Status status(stderr);
  const runner::Job job{.kind = "train",
                        .spec = runner::spec_from_json(nlohmann::json::parse(trial.spec)),
                        .device = trial.device,
                        .threads = trial.threads,
                        .cache_folder = (trial.folder / "cache").string(),
                        .weights = weights.string(),
                        .precision = trial.dtype};
  status.doing("training it again");
  return run_one(
      {}, trial.name, {job, trial.folder / "trials" / "export"},
      [&](const runner::Event& event) {
        if (const auto* p = std::get_if<runner::Progress>(&event); p && p->epochs > 0)
          status.doing(fmt::format("  training it again: epoch {} of {}", p->epoch, p->epochs));
        return std::holds_alternative<results::Summary>(event);
      },
      processes, status);
}

// The weights that are there; nullopt: the user stopped training them again.
std::optional<fs::path> find_weights(const Options& o, const Trial& trial) {
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
  const auto trial = find_trial(o);
  const auto weights = find_weights(o, trial);
  if (!weights) return stopped_by_user;
  become_worker(
      std::vector<std::string>{"export", encode(runner::ExportJob{
                                             .weights = weights->string(),
                                             .folder = fs::path(o.output).lexically_normal(),
                                             .cache_folder = (trial.folder / "cache").string(),
                                             .measured = trial.measured,
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
