#include "runner/schedule/ingest.h"

#include <csignal>
#include <fstream>
#include <optional>
#include <string>

#include "runner/schedule/worker.h"

namespace archsweep::runner {

void record(results::Store& store, results::TrialId trial, int attempt, const Event& event) {
  if (const auto* hello = std::get_if<Hello>(&event))
    store.set_environment(trial, attempt, hello->environment);
  if (const auto* epoch = std::get_if<results::Epoch>(&event))
    store.add_epoch(trial, attempt, *epoch);
  if (const auto* m = std::get_if<results::Measurement>(&event))
    store.add_measurement(trial, attempt, *m);
}

int ingest_unfinished(results::Store& store) {
  const auto attempts = store.unfinished();
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
    if (summary)
      store.finish(a.id, a.attempt, *summary);
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
