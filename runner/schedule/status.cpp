#include "runner/schedule/status.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>
#include <tuple>

#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/terminal.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

// Targets that are numbers have none.
std::string accuracy_of(double top1) {
  return std::isnan(top1) ? "" : fmt::format("  top1 {:.2f} %", 100 * top1);
}

std::string trial_name(const PlannedTrial& trial) {
  return fmt::format("{} lr {:g} seed {}", name_of(trial.spec), trial.spec.training.learning_rate,
                     trial.spec.training.seed);
}

}  // namespace

Status::Status(std::FILE* out) : out_(out) {
  const char* terminal = std::getenv("TERM");
  live_ = ::isatty(::fileno(out)) && terminal && std::string_view(terminal) != "dumb";
}

void Status::expect(std::size_t to_run, double cost) {
  to_run_ = done_ + failed_ + to_run;
  cost_left_ = cost;
  if (running_.empty() && cost_done_ <= 0) since_ = Clock::now();  // what came before is no pace
}

void Status::line(const std::string& text) {
  erase();
  write(text + "\n");
  draw();
}

void Status::doing(const std::string& text) {
  doing_ = text;
  tick();
}

void Status::started(int id, const PlannedTrial& trial, const std::string& device,
                     int epochs_done) {
  const int epochs = trial.spec.training.epochs;
  running_[id] = {trial_name(trial),
                  trial.cost,
                  epochs,
                  static_cast<double>(epochs_done) / epochs,
                  trial.spec.training.result == "best",
                  Clock::now(),
                  {}};
  if (!live_)
    line(fmt::format("start  {} on {}{}", running_[id].name, device,
                     epochs_done ? fmt::format(" after epoch {}", epochs_done) : ""));
}

void Status::progress(int id, const Progress& progress) {
  auto& r = running_[id];
  if (!live_ && progress.phase == "wait" && r.last.phase != "wait")
    line(fmt::format("wait   {}: another trial or process uses the device", r.name));
  r.last = progress;
  tick();
}

void Status::epoch(int id, const results::Epoch& e, bool was_told) {
  auto& r = running_[id];
  r.top1 = r.keeps_best ? std::fmax(r.top1, e.valid_top1) : e.valid_top1;
  if (!live_ && !was_told)
    line(fmt::format("epoch  {}: {}/{}  loss {:.4f}  valid {:.4f}{}  {:.0f}/s  ({} in the sweep)",
                     r.name, e.number, r.epochs, e.train_loss, e.valid_loss,
                     accuracy_of(e.valid_top1), e.samples_per_second, time_left()));
}

void Status::measured(int id, const results::Measurement& measurement) {
  const auto json = nlohmann::json::parse(measurement.conditions, nullptr, /*throws=*/false);
  if (!json.is_object()) return;
  auto& busy = running_[id].others_busy;
  busy = std::max(busy, json.value("others_busy_cores", 0.0));
}

void Status::ended(int id, const std::string& outcome) {
  const auto r = running_[id];
  running_.erase(id);
  cost_left_ -= r.cost * (1 - r.before);
  cost_done_ += r.cost * (1 - r.before);
  ++(outcome == "done" ? done_ : failed_);
  const auto accuracy = accuracy_of(r.top1);
  line(fmt::format("{:6} {}{}  {}  [{}/{}, {}]", outcome == "done" ? "done" : "FAILED", r.name,
                   accuracy, outcome == "done" ? human_duration(seconds_since(r.since)) : outcome,
                   done_ + failed_, to_run_, time_left()));
  if (constexpr double many = 0.5; r.others_busy > many)
    line(
        fmt::format("busy   {}: other programs kept {:.1f} cores busy while it was timed: its "
                    "speeds say little; `archsweep bench` times again",
                    r.name, r.others_busy));
}

void Status::paused(int id, int epoch) {
  const auto r = running_[id];
  running_.erase(id);
  const double part = r.cost * (static_cast<double>(epoch) / r.epochs - r.before);
  cost_left_ -= part;
  cost_done_ += part;
  const auto accuracy = accuracy_of(r.top1);
  line(fmt::format("pause  {}{}  at epoch {}/{}  [{}/{}, {}]", r.name, accuracy, epoch, r.epochs,
                   done_ + failed_, to_run_, time_left()));
}

double Status::share_done(const Running& r) const {
  if (r.last.phase == "measure") return 0.98;
  if (r.last.phase == "validate") return static_cast<double>(r.last.epoch) / r.last.epochs;
  if (r.last.epochs == 0 || r.last.steps == 0) return r.before;
  return (r.last.epoch - 1 + static_cast<double>(r.last.step) / r.last.steps) / r.last.epochs;
}

void Status::retried(int id, int epochs_kept, const std::string& why) {
  const auto r = running_[id];
  running_.erase(id);
  const double part = r.cost * (static_cast<double>(epochs_kept) / r.epochs - r.before);
  cost_left_ -= part;
  cost_done_ += std::max(0.0, part);
  line(fmt::format("retry  {}: {}", r.name, why));
}

// By the cost of what is done in the time it took.
double Status::seconds_left() const {
  double done = cost_done_, left = cost_left_;
  for (const auto& [id, r] : running_)
    done += r.cost * (share_done(r) - r.before), left -= r.cost * (share_done(r) - r.before);
  if (done <= 0) return results::not_measured;
  return std::max(0.0, left) / done * seconds_since(since_);
}

std::string Status::time_left() const {
  const double seconds = seconds_left();
  return std::isnan(seconds) ? "? left" : human_duration(seconds) + " left";
}

void Status::tick() {
  if (!live_ || seconds_since(drawn_) < 0.2) return;
  erase();
  draw();
}

void Status::finish() {
  erase();
  running_.clear();
  live_ = false;
}

// Whoever reads it may go (`| head -1`) and the disk of a log may fill: the night goes on.
void Status::write(const std::string& text) {
  if (std::fputs(text.c_str(), out_) >= 0 && std::fflush(out_) == 0) return;
  if (errno == EPIPE)
    std::ignore = std::freopen("/dev/null", "w", out_);
  else
    std::clearerr(out_);
}

void Status::erase() {
  if (!live_) return;
  if (lines_ > 0) write(fmt::format("\x1b[{}A\x1b[J", lines_));
  lines_ = 0;
}

void Status::draw() {
  if (!live_ || (running_.empty() && doing_.empty())) return;
  drawn_ = Clock::now();
  const auto width = terminal_width(out_);
  const auto put = [&](std::string text) {
    if (text.size() >= width) text.resize(width - 1);
    write(text + "\n");
    ++lines_;
  };
  if (running_.empty()) return put(doing_);
  put(fmt::format("{} of {} trials, {} failed, {}", done_ + failed_, to_run_, failed_,
                  time_left()));
  for (const auto& [id, r] : running_) {
    const auto& p = r.last;
    const double share = share_done(r), spent = seconds_since(r.since);
    auto text = fmt::format("  {}  {}", r.name, p.phase.empty() ? "starting" : p.phase);
    if (p.epochs > 0 && p.phase != "measure")
      text += fmt::format(" {}/{} step {}/{}", p.epoch, p.epochs, p.step, p.steps);
    if (!std::isnan(p.loss)) text += fmt::format("  loss {:.3f}", p.loss);
    if (!std::isnan(r.top1)) text += fmt::format("  top1 {:.1f} %", 100 * r.top1);
    if (share > r.before + 0.02)
      text += fmt::format("  {} left", human_duration(spent / (share - r.before) * (1 - share)));
    put(text);
  }
}

}  // namespace archsweep::runner
