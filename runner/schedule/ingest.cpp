#include "runner/schedule/ingest.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <set>
#include <string>

#include "runner/schedule/slurm.h"
#include "runner/schedule/worker.h"
#include "runner/support/error.h"
#include "runner/support/whole_file.h"

namespace archsweep::runner {
namespace {

// Of the job that wrote the journal.
void remove_checkpoint_of(const std::filesystem::path& journal) {
  try {
    const auto job =
        decode_job(content_of(std::filesystem::path(journal).replace_extension(".json")));
    std::error_code ignored;
    if (!job.checkpoint.empty()) std::filesystem::remove(job.checkpoint, ignored);
  } catch (const Error&) {  // cut off: the next trial that needs room says so
  }
}

}  // namespace

void record(results::Store& store, results::TrialId trial, int attempt, const Event& event) {
  if (const auto* hello = std::get_if<Hello>(&event))
    store.set_environment(trial, attempt, hello->environment);
  if (const auto* epoch = std::get_if<results::Epoch>(&event))
    store.add_epoch(trial, attempt, *epoch);
  if (const auto* m = std::get_if<results::Measurement>(&event))
    store.add_measurement(trial, attempt, *m);
}

std::filesystem::path files_of(const std::filesystem::path& output_folder,
                               const std::string& fingerprint) {
  return std::filesystem::absolute(output_folder) / "trials" / fingerprint.substr(0, 16);
}

int adopt_journals(results::Store& store, std::span<const results::PlannedRow> planned,
                   const OutputConfig& output) {
  namespace fs = std::filesystem;
  const auto marker = files_of(output.folder, "database");
  const auto own = fs::absolute(output.database).string();
  int adopted = 0;
  if (content_of(marker) == own)
    for (const auto& row : planned) {
      const auto files = files_of(output.folder, row.fingerprint).string();
      std::error_code none;
      if (row.attempts > 0 || !fs::exists(files + ".jsonl", none)) continue;
      try {
        const auto job = decode_job(content_of(files + ".json"));
        if (fingerprint(job.spec) != row.fingerprint) continue;
        store.start(row.id, job.device, files + ".jsonl");
        ++adopted;
      } catch (const Error&) {  // cut off or foreign: the trial runs
      }
    }
  std::error_code ignored;  // whoever makes the folder next tells why it cannot be
  fs::create_directories(marker.parent_path(), ignored);
  std::ofstream(marker) << own;
  if (adopted) ingest_unfinished(store, output.keep_checkpoints);
  return adopted;
}

int ingest_unfinished(results::Store& store, bool keep_checkpoints) {
  const auto attempts = store.unfinished();
  std::set<std::string> on_slurm;
  for (const auto& a : attempts)
    if (a.pid < 0) on_slurm.insert(slurm_name(a.journal));  // (slurm_runner.h)
  for (const auto& name : on_slurm) end_tasks(name);
  for (const auto& a : attempts) {
    // The kernel ends a worker with its scheduler; one that is still there is on its way.
    if (a.pid > 0 && is_worker_of(a.pid, a.journal)) ::kill(-a.pid, SIGKILL);
    std::optional<results::Summary> summary;
    std::optional<results::Failure> failure;
    std::optional<Paused> paused;
    std::ifstream journal(a.journal);
    for (std::string line; std::getline(journal, line);) {
      const auto event = decode_event(line);  // the last line may be cut off
      if (!event) continue;
      record(store, a.id, a.attempt, *event);
      if (const auto* done = std::get_if<results::Summary>(&*event)) summary = *done;
      if (const auto* failed = std::get_if<results::Failure>(&*event)) failure = *failed;
      if (const auto* p = std::get_if<Paused>(&*event)) paused = *p;
    }
    if (summary) {
      if (!keep_checkpoints) remove_checkpoint_of(a.journal);
      store.finish(a.id, a.attempt, *summary);
    } else if (failure && (failure->cause == results::Cause::crashed ||
                           failure->cause == results::Cause::out_of_memory))
      store.release(a.id, a.attempt, *failure);  // the next scheduler may try it again
    else if (failure)
      store.fail(a.id, a.attempt, *failure);
    else if (paused)
      store.pause(a.id, a.attempt, "at epoch " + std::to_string(paused->epoch));
    else
      store.release(a.id, a.attempt, {results::Cause::killed, "the scheduler died", ""});
  }
  return static_cast<int>(attempts.size());
}

}  // namespace archsweep::runner
