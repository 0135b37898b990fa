// A worker that starts in milliseconds, trains nothing and can misbehave: what the tests of the
// scheduler's faults run in place of archsweep-trial (ARCHSWEEP_TRIAL). Speaks the protocol, keeps
// a journal and a checkpoint.
//
// What it does is told by the environment:
//   TOY_EPOCH_MS=20        how long an epoch takes
//   TOY_FAULT=WORD         what it does instead of its second epoch (of its first: WORD@0):
//     segfault abort exit hang deaf spam half-line child eat-memory diverge
//   TOY_JOB=preflight      in this kind of job; train by default
//   TOY_ONLY=NAME          only for this architecture; all by default, and the known model too
//   TOY_SPARES=canary      not for the known model
//   TOY_TIMES=N            only in the first N attempts (counted in TOY_COUNT, a file); always by
//   default

#include <fcntl.h>
#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "runner/trial/protocol.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

std::string setting(const char* name, const char* usual = "") {
  const char* value = std::getenv(name);
  return value ? value : usual;
}

class Toy {
 public:
  explicit Toy(Job job) : job_(std::move(job)) {
    if (!job_.journal.empty())
      journal_ = ::open(job_.journal.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }

  int run() {
    send(Hello{.environment = {.device = job_.device,
                               .device_name = "Toy",
                               .torch = "0",
                               .archsweep = "0",
                               .threads = 1,
                               .host = "here",
                               .os = "any"}});
    if (job_.kind != "train" && !misbehave(0)) return 1;
    if (job_.kind == "prepare")
      send(Prepared{.split_hash = "toy", .train_samples = 8, .valid_samples = 2, .classes = 2});
    else if (job_.kind == "preflight")
      send(Preflight{.train_step_seconds = 0.001, .latency = 0.001, .checkpoint_bytes = 100});
    else if (job_.kind == "bench")
      send(results::Summary{.dtype = "float32", .layout = "contiguous"});
    else
      return train();
    return 0;
  }

 private:
  int train() {
    int epoch = 0;
    std::ifstream(job_.checkpoint) >> epoch;
    for (int e = 1; e <= epoch; ++e) send(told(e));
    while (epoch < job_.spec.training.epochs) {
      if (job_.until_epoch > 0 && epoch >= job_.until_epoch) return send(Paused{epoch, 100}), 0;
      if (!misbehave(epoch)) return 1;
      std::this_thread::sleep_for(
          std::chrono::milliseconds(std::stoi(setting("TOY_EPOCH_MS", "20"))));
      send(told(++epoch));
      if (job_.checkpoint.empty()) continue;
      std::ofstream(job_.checkpoint + ".part") << epoch;
      std::filesystem::rename(job_.checkpoint + ".part", job_.checkpoint);
    }
    send(results::Measurement{.kind = "latency",
                              .dtype = "float32",
                              .layout = "contiguous",
                              .image_size = job_.spec.dataset.image_size,
                              .protocol = 2,
                              .seconds = {0.001, 0.0011, 0.0012}});
    send(results::Summary{.parameters = 1,
                          .dtype = "float32",
                          .layout = "contiguous",
                          .split_hash = "toy",
                          .train_samples = 8,
                          .valid_samples = 2,
                          .classes = 2});
    return 0;
  }

  static results::Epoch told(int number) {
    return {.number = number,
            .train_loss = 1.0 / number,
            .train_top1 = 1 - 0.5 / number,
            .valid_loss = 1.0 / number,
            .valid_top1 = 1 - 0.5 / number,
            .valid_top5 = 1,
            .learning_rate = 0.001,
            .seconds = 0.01,
            .valid_seconds = 0.01,
            .samples_per_second = 100};
  }

  // False: it said `failed`, and ends.
  bool misbehave(int epoch) {
    auto fault = setting("TOY_FAULT");
    const auto at = fault.find('@');
    const int when = at == fault.npos ? 1 : std::stoi(fault.substr(at + 1));
    fault = fault.substr(0, at);
    const auto only = setting("TOY_ONLY");
    const bool is_canary = job_.kind == "bench";
    if (fault.empty() || (job_.kind == "train" && epoch != when)) return true;
    if (!is_canary && job_.kind != setting("TOY_JOB", "train")) return true;
    if (is_canary && !setting("TOY_SPARES").empty()) return true;
    if (!only.empty() && only != job_.spec.architecture) return true;
    if (const auto file = setting("TOY_COUNT"); !file.empty()) {
      std::ofstream(file, std::ios::app) << 'x' << std::flush;
      if (std::filesystem::file_size(file) > std::stoul(setting("TOY_TIMES", "1"))) return true;
    }
    if (fault == "segfault") std::raise(SIGSEGV);
    if (fault == "abort") std::abort();
    if (fault == "exit") ::_exit(3);
    if (fault == "deaf") std::signal(SIGTERM, SIG_IGN);
    if (fault == "hang" || fault == "deaf")
      for (;;) ::pause();
    if (fault == "diverge") {
      send(results::Failure{results::Cause::diverged, "loss nan at step 7", ""});
      return false;
    }
    if (fault == "half-line") {
      const std::string_view half = R"({"event":"epoch","number":2,"train_lo)";
      for (const int fd : {event_fd, journal_})
        if (::write(fd, half.data(), half.size()) < 0) ::_exit(6);
      ::_exit(0);
    }
    if (fault == "spam") {
      const std::string line(1 << 20, 'x');
      for (int i = 0; i < 1024; ++i)
        for (std::size_t done = 0; done < line.size();) {
          const auto n = ::write(STDERR_FILENO, line.data() + done, line.size() - done);
          if (n < 0) break;
          done += static_cast<std::size_t>(n);
        }
    }
    if (fault == "child" && ::fork() == 0)
      for (;;) ::pause();
    if (fault == "eat-memory") {
      std::vector<std::vector<char>> eaten;
      try {
        for (;;) eaten.emplace_back(64 << 20, 'x');
      } catch (const std::bad_alloc&) {
        eaten.clear();
        send(results::Failure{results::Cause::out_of_memory, "bad_alloc", ""});
        return false;
      }
    }
    return true;
  }

  void send(const Event& event) {
    const auto line = encode(event);
    if (journal_ >= 0 && ::write(journal_, line.data(), line.size()) < 0) ::_exit(4);
    if (::write(event_fd, line.data(), line.size()) < 0) ::_exit(5);
  }

  Job job_;
  int journal_ = -1;
};

}  // namespace

int main(int argc, char**) {
  if (argc > 1) return 2;  // no fork server
  return Toy(decode_job(std::string(std::istreambuf_iterator<char>(std::cin), {}))).run();
}
