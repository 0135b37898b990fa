#include "runner/schedule/slurm_runner.h"

#include <poll.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "runner/schedule/bounded_log.h"
#include "runner/schedule/budget.h"
#include "runner/schedule/conclude.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/support/whole_file.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr int tick_milliseconds = 250;
constexpr std::size_t longest_array = 1000;  // Slurm's own limit is usually one more
constexpr double gib = 1 << 30;

// Where nothing is said, three times the forecast and ten minutes to start and to measure, in
// powers of two minutes, so that trials of about a length make one array.
TaskLimits limits_of(const SlurmConfig& config, const Launch& launch) {
  TaskLimits limits{.threads = std::max(1, launch.job.threads)};
  if (launch.time_limit > 0 && (config.time == 0 || launch.time_limit <= config.time))
    limits.seconds = launch.time_limit;
  else if (config.time > 0)
    limits.seconds = config.time;
  else if (!std::isnan(launch.forecast_seconds))
    limits.seconds = 60 * std::exp2(std::ceil(std::log2(10 + 3 * launch.forecast_seconds / 60)));
  if (config.memory > 0)
    limits.memory_bytes = config.memory;
  else if (!std::isnan(launch.memory_bytes) && launch.job.device == "cpu")
    limits.memory_bytes = gib * std::ceil(2 + 1.5 * launch.memory_bytes / gib);
  return limits;
}

std::string tail_of(const fs::path& log) {
  std::error_code none;
  const auto size = fs::file_size(log, none);
  if (none) return "";
  const auto from = size > BoundedLog::kept_tail ? size - BoundedLog::kept_tail : 0;
  return printable(content_of(log, from), BoundedLog::kept_tail);
}

bool is_last(const Event& event) {
  return std::holds_alternative<results::Summary>(event) ||
         std::holds_alternative<results::Failure>(event) || std::holds_alternative<Paused>(event) ||
         std::holds_alternative<Prepared>(event) || std::holds_alternative<Preflight>(event);
}

}  // namespace

SlurmRunner::SlurmRunner(SlurmConfig config, fs::path worker, const fs::path& folder,
                         SlurmPace pace)
    : config_(std::move(config)),
      worker_(std::move(worker)),
      name_(slurm_name(folder / "job")),
      pace_(pace) {
  require_slurm();
  end_tasks(name_);
}

SlurmRunner::~SlurmRunner() {
  if (!tasks_.empty()) cancel(name_, /*at_once=*/true);
}

int SlurmRunner::start(const Launch& launch) {
  Task task{.launch = launch, .limits = limits_of(config_, launch)};
  auto& files = task.launch.files;
  files = fs::absolute(files);
  auto& job = task.launch.job;
  if (job.journal.empty()) job.journal = files.string() + ".jsonl";  // the only way to hear of it
  std::error_code none;
  fs::remove(job.journal, none);
  const auto text = files.string() + ".json";
  if (!(std::ofstream(text) << encode(job)).flush())
    throw Error(text + ": cannot write", Exit::environment);
  std::ofstream(files.string() + ".log");  // emptied: tasks add to it
  tasks_.emplace(--last_, std::move(task));
  return last_;
}

void SlurmRunner::submit_waiting() {
  if (stopping_ || steady_seconds() < submit_at_) return;
  std::map<TaskLimits, std::vector<int>> waiting;
  for (const auto& [pid, task] : tasks_)
    if (task.id.empty()) waiting[task.limits].push_back(pid);
  for (const auto& [limits, all] : waiting) {
    // The first started first: it is the cheapest.
    const std::vector<int> pids(all.rbegin(), all.rend());
    for (std::size_t begin = 0; begin < pids.size(); begin += longest_array) {
      const std::span some(pids.data() + begin, std::min(longest_array, pids.size() - begin));
      std::vector<fs::path> files;
      for (const int pid : some) files.push_back(tasks_.at(pid).launch.files);
      std::string why;
      const auto array = submit(config_, worker_, files, limits, why);
      if (!array) {
        const bool waits_for_ours =
            std::ranges::any_of(tasks_, [](const auto& t) { return !t.second.id.empty(); });
        if (!waits_for_ours)
          throw Error(fmt::format("Slurm takes no job of {} thread(s): {}; see the section slurm "
                                  "of the config",
                                  limits.threads, why),
                      Exit::environment);
        submit_at_ = steady_seconds() + pace_.states;  // a limit of jobs, or Slurm is away
        return;
      }
      for (std::size_t i = 0; i < some.size(); ++i) {
        auto& task = tasks_.at(some[i]);
        task.id = fmt::format("{}_{}", *array, i);
        task.epochs_at_submit = task.epochs;
        task.unseen = 0;
        ready_.push_back({some[i], Submitted{task.id}});
      }
    }
  }
}

void SlurmRunner::read_journals() {
  read_at_ = steady_seconds();
  for (auto& [pid, task] : tasks_) {
    if (task.id.empty() || task.is_over) continue;
    read_journal(pid, task);
    end_if_hung(task);
  }
}

// Clocks of machines differ: what counts is that the file's time changes. One that has not begun,
// or waits to begin anew, is silent by right.
void SlurmRunner::end_if_hung(Task& task) {
  std::error_code none;
  const auto touched = fs::last_write_time(task.launch.job.journal, none);
  if (none || !task.runs || task.waits_for_others || touched != task.touched) {
    task.touched = touched;
    task.heard_at = steady_seconds();
    return;
  }
  const double limit = task.launch.silence_limit;
  if (task.is_over || task.hung || limit <= 0 || steady_seconds() < task.heard_at + limit) return;
  task.hung = true;
  cancel_task(task.id);
}

void SlurmRunner::read_journal(int pid, Task& task) {
  // Opened anew, so that a network file system shows what there is.
  const auto text = content_of(task.launch.job.journal, task.read);
  task.read += text.size();
  task.lines.add(text, [&](const std::string& line) { take(pid, task, line); });
}

void SlurmRunner::take(int pid, Task& task, const std::string& line) {
  auto event = decode_event(line);
  if (!event || task.is_over) return;
  if (auto why = foreign(*event, worker_)) {
    cancel_task(task.id);
    event = std::move(*why);
  }
  if (const auto* e = std::get_if<results::Epoch>(&*event)) {
    if (e->number <= task.epochs) return;  // told again after a requeue
    task.epochs = e->number;
  }
  if (const auto* progress = std::get_if<Progress>(&*event))
    task.waits_for_others = progress->phase == "wait";
  const bool last = is_last(*event);
  ready_.push_back({pid, std::move(*event)});
  if (last) end(pid, task, {});
}

void SlurmRunner::ask_slurm() {
  asked_at_ = steady_seconds();
  const auto states = tasks_named(name_);
  if (!states) return;
  constexpr int forgotten = 2;
  for (auto& [pid, task] : tasks_) {
    if (task.id.empty() || task.is_over) continue;
    std::optional<Ended> how;
    if (const auto known = states->find(task.id); known != states->end()) {
      how = ended(known->second);
      task.runs = known->second.word == "RUNNING";
      task.unseen = 0;
    } else if (++task.unseen >= forgotten) {
      const auto state = remembered(task.id);
      how = state ? ended(*state) : Ended{.signal = SIGTERM, .taken_by = "Slurm has forgotten it"};
    }
    if (how) conclude_task(pid, task, std::move(*how));
  }
}

void SlurmRunner::conclude_task(int pid, Task& task, Ended how) {
  read_journal(pid, task);  // all of it is there now
  if (task.is_over) return;
  if (task.hung) return end(pid, task, {.hung = true, .limit = task.launch.silence_limit});
  const auto& limits = task.limits;
  how.limit = limits.seconds;
  const bool is_users = task.launch.time_limit > 0 && limits.seconds == task.launch.time_limit;
  constexpr int most_doublings = 2;
  const bool goes_on = how.timed_out && !is_users && task.epochs > task.epochs_at_submit;
  const bool needs_more = how.out_of_memory && config_.memory == 0 && limits.memory_bytes > 0 &&
                          task.doublings < most_doublings;
  if (stopping_ || !(goes_on || needs_more)) return end(pid, task, std::move(how));
  if (needs_more) ++task.doublings, task.limits.memory_bytes *= 2;
  task.id.clear();
  task.runs = false;
}

void SlurmRunner::end(int pid, Task& task, Ended how) {
  const auto& files = task.launch.files;
  how.tail = tail_of(files.string() + ".log");
  // What Slurm itself says of a task that it ended.
  const auto words = files.parent_path() / fmt::format("slurm-{}.out", task.id);
  how.tail += tail_of(words);
  std::error_code none;
  if (!task.id.empty()) fs::remove(words, none);
  task.is_over = true;
  ready_.push_back({pid, std::move(how)});
}

void SlurmRunner::stop(bool at_once) {
  stopping_ = true;
  if (tasks_.empty()) return;
  cancel(name_, at_once);
  for (auto& [pid, task] : tasks_)
    if (!task.is_over && (at_once || task.id.empty()))
      end(pid, task, {.signal = at_once ? SIGKILL : SIGTERM});
  asked_at_ = 0;
}

Happening SlurmRunner::next() {
  if (ready_.empty()) {
    submit_waiting();
    pollfd signals{signals_.fd(), POLLIN, 0};
    ::poll(&signals, 1, ready_.empty() ? tick_milliseconds : 0);
    for (const int number : signals_.take())
      if (number != SIGCHLD) ready_.push_back({0, Interrupted{}});
    const double now = steady_seconds();
    if (now >= read_at_ + pace_.journals) read_journals();
    // While it stops, somebody waits for it.
    if (now >= asked_at_ + (stopping_ ? std::min(1.0, pace_.states) : pace_.states)) ask_slurm();
  }
  if (ready_.empty()) return {0, Tick{}};
  Happening first = std::move(ready_.front());
  ready_.pop_front();
  if (std::holds_alternative<Ended>(first.what)) tasks_.erase(first.pid);
  return first;
}

}  // namespace archsweep::runner
