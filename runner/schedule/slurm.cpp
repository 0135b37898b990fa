#include "runner/schedule/slurm.h"

#include <unistd.h>

#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <sys/wait.h>

#include <fmt/format.h>

#include "runner/schedule/command.h"
#include "runner/schedule/spawner.h"
#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

std::string user() {
  return fmt::format("--user={}", ::geteuid());
}

std::string on_one_line(const std::string& text) {
  std::string line;
  for (const auto& part : split(printable(text, 500), '\n'))
    if (!part.empty()) line += (line.empty() ? "" : "; ") + part;
  return line;
}

// A task that is requeued does its job again, from the checkpoint, and adds to the journal: after a
// line that may have been cut off. One that had said its last word is not wanted again.
std::string script(const std::string& worker, std::span<const fs::path> files) {
  std::string text = "#!/bin/bash\njobs=(\n";
  for (const auto& file : files) text += "  " + shell_word(file.string()) + "\n";
  return text + fmt::format(R"sh()
files=${{jobs[$SLURM_ARRAY_TASK_ID]}}
if [ -s "$files.jsonl" ]; then
  tail -n 1 "$files.jsonl" | grep -qE '"event":"(done|failed|paused|prepared|preflight)"' && exit 0
  echo >> "$files.jsonl"
fi
[ -n "$OMP_WAIT_POLICY" ] || export GOMP_SPINCOUNT=${{GOMP_SPINCOUNT-{}}}
exec {} < "$files.json" 3> /dev/null >> "$files.log" 2>&1
)sh",
                            spin_count, shell_word(worker));
}

}  // namespace

void require_slurm() {
  for (const auto* program : {"sbatch", "squeue", "scancel"})
    if (run_command({"sh", "-c", fmt::format("command -v {}", program)}).code != 0)
      throw Error(fmt::format("--slurm: {} is not here: install Slurm's commands (Debian: "
                              "slurm-client) on a machine of the cluster, or run without --slurm",
                              program),
                  Exit::environment);
  // Without a slurm.conf it looks for one elsewhere, for minutes.
  constexpr const char* seconds = "30";
  if (const auto said = run_command({"timeout", seconds, "squeue", "--noheader", user()});
      said.code != 0)
    throw Error(fmt::format("--slurm: Slurm does not answer: {}",
                            said.code == 124 ? fmt::format("squeue says nothing for {} s", seconds)
                                             : on_one_line(said.err)),
                Exit::environment);
}

std::string slurm_name(const fs::path& files) {
  const auto folder = fs::absolute(files).lexically_normal().parent_path();
  return fmt::format("archsweep-{}-{}", folder.parent_path().filename().string(),
                     sha256(folder.string()).substr(0, 8));
}

std::optional<std::string> submit(const SlurmConfig& config, const std::string& worker,
                                  std::span<const fs::path> files, const TaskLimits& limits,
                                  std::string& why) {
  const auto folder = files[0].parent_path();
  const auto file = folder / "slurm.sh";  // sbatch takes a copy
  if (!(std::ofstream(file) << script(worker, files)).flush())
    throw Error(file.string() + ": cannot write", Exit::environment);
  std::vector<std::string> words{"sbatch",
                                 "--parsable",
                                 "--requeue",
                                 "--open-mode=append",
                                 "--job-name=" + slurm_name(files[0]),
                                 fmt::format("--array=0-{}", files.size() - 1),
                                 "--output=" + (folder / "slurm-%A_%a.out").string(),
                                 fmt::format("--cpus-per-task={}", limits.threads)};
  if (limits.seconds > 0)
    words.push_back(fmt::format("--time={:.0f}", std::ceil(limits.seconds / 60)));  // minutes
  if (limits.memory_bytes > 0)
    words.push_back(fmt::format("--mem={:.0f}M", std::ceil(limits.memory_bytes / (1 << 20))));
  if (config.gpus != "none") words.push_back("--gres=gpu:" + config.gpus);
  for (const auto& [option, value] : {std::pair("partition", config.partition),
                                      {"account", config.account},
                                      {"qos", config.qos},
                                      {"constraint", config.constraint}})
    if (!value.empty()) words.push_back(fmt::format("--{}={}", option, value));
  for (const auto& word : split(config.extra, ' '))
    if (!word.empty()) words.push_back(word);
  words.push_back(file.string());
  const auto said = run_command(words);
  const auto id = said.out.substr(0, said.out.find_first_not_of("0123456789"));  // "17;cluster"
  if (said.code == 0 && !id.empty()) return id;
  why = on_one_line(said.err);
  return std::nullopt;
}

std::optional<std::map<std::string, TaskState>> tasks_named(const std::string& name) {
  const auto said =
      run_command({"squeue", "--noheader", "--array", "--states=all", "--name=" + name, user(),
                   "--Format=ArrayJobID:|,ArrayTaskID:|,State:|,exit_code:|"});
  if (said.code != 0) return std::nullopt;
  std::map<std::string, TaskState> tasks;
  for (const auto& line : split(said.out, '\n'))
    if (const auto parts = split(line, '|'); parts.size() >= 4)
      tasks[parts[0] + "_" + parts[1]] = {parts[2], std::atoi(parts[3].c_str())};
  return tasks;
}

std::optional<TaskState> remembered(const std::string& task) {
  const auto said = run_command({"sacct", "--noheader", "--parsable2", "--allocations",
                                 "--jobs=" + task, "--format=State,ExitCode"});
  const auto parts = split(first_line(said.out), '|');
  if (said.code != 0 || parts.size() < 2) return std::nullopt;
  const auto codes = split(parts[1], ':');  // exit code, signal
  return TaskState{
      split(parts[0], ' ')[0],  // "CANCELLED by 1000"
      std::atoi(codes[0].c_str()) << 8 | (codes.size() > 1 ? std::atoi(codes[1].c_str()) : 0)};
}

std::optional<Ended> ended(const TaskState& state) {
  const auto& word = state.word;
  Ended how;
  if (word == "COMPLETED") return how;
  if (word == "FAILED") {
    if (WIFSIGNALED(state.status))
      how.signal = WTERMSIG(state.status);
    else
      how.exit_code = WEXITSTATUS(state.status);
    return how;
  }
  if (word == "TIMEOUT" || word == "DEADLINE") {
    how.timed_out = true;
    return how;
  }
  if (word == "OUT_OF_MEMORY") {
    how.out_of_memory = true;
    return how;
  }
  for (const auto* taken : {"CANCELLED", "NODE_FAIL", "PREEMPTED", "BOOT_FAIL", "REVOKED"})
    if (word == taken) {
      how.signal = SIGTERM;
      how.taken_by = "Slurm: " + word;
      return how;
    }
  return std::nullopt;
}

void cancel(const std::string& name, bool at_once) {
  run_command({"scancel", "--quiet", "--name=" + name, user()});
  if (at_once)
    run_command({"scancel", "--quiet", "--signal=KILL", "--full", "--name=" + name, user()});
}

void cancel_task(const std::string& task) {
  run_command({"scancel", "--quiet", task});
}

void end_tasks(const std::string& name) {
  constexpr int seconds = 180;  // Slurm gives a task its KillWait, 30 by default
  cancel(name, false);
  for (int i = 0; i < 2 * seconds; ++i) {
    // Without --states: those that wait, run or are just ending.
    const auto said = run_command({"squeue", "--noheader", "--name=" + name, user()});
    if (said.code != 0)
      throw Error(fmt::format("tasks {} of an earlier run may still run, and Slurm does not "
                              "answer: {}",
                              name, on_one_line(said.err)),
                  Exit::environment);
    if (said.out.empty()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
  throw Error(fmt::format("tasks of an earlier run do not end: see squeue --name={}", name),
              Exit::environment);
}

}  // namespace archsweep::runner
