#include <catch2/catch.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "runner/schedule/preflight.h"
#include "tests/runner/schedule/sweep.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;
using results::not_measured;

namespace {

namespace fs = std::filesystem;

// Workers that learn along known curves, pause where they are told, and keep checkpoints: a file
// that says how many epochs are done. Time goes by as they train.
struct Learning : Sweep {
  std::map<std::string, std::vector<double>> curves;  // by architecture
  std::map<std::string, double> seconds;              // of an epoch, and a tenth of it the latency
  std::map<std::string, Cause> cannot;                // fail in their preflight
  double now = 0;
  int epochs_trained = 0;

  Learning() {
    options.clock = [this] { return now; };
    act = [this](const Launch& launch) { return work(launch); };
  }

  std::vector<PlannedTrial> plan() const {
    std::vector<PlannedTrial> trials;
    for (const auto& [name, curve] : curves) {
      auto t = trial(name.substr(0, name.find(' ')));
      t.spec.training.epochs = static_cast<int>(curve.size());
      t.spec.training.batch_size = 8;  // an epoch is a step
      t.spec.measurement.enabled = false;
      if (const auto seed = name.find(' '); seed != name.npos)
        t.spec.training.seed = static_cast<std::uint64_t>(std::stoi(name.substr(seed)));
      t.fingerprint = fingerprint(t.spec);
      trials.push_back(t);
    }
    return trials;
  }
  Outcome run() { return Sweep::run(plan()); }

  static std::string name_of(const TrialSpec& spec) {
    return spec.architecture + (spec.training.seed ? " " + std::to_string(spec.training.seed) : "");
  }
  double seconds_of(const TrialSpec& spec) const {
    const auto at = seconds.find(spec.architecture);
    return at == seconds.end() ? 1 : at->second;
  }

  Script work(const Launch& launch) {
    const auto& job = launch.job;
    if (job.kind == "preflight") {
      if (const auto at = cannot.find(job.spec.architecture); at != cannot.end())
        return {hello, Event(results::Failure{at->second, "too large", ""}), Ended{.exit_code = 1}};
      const double s = seconds_of(job.spec);
      return {
          hello,
          Event(Preflight{.train_step_seconds = s, .latency = s / 10, .checkpoint_bytes = 1000}),
          Ended{}};
    }
    const auto& curve = curves.at(name_of(job.spec));
    int done = 0;
    if (!job.checkpoint.empty()) std::ifstream(job.checkpoint) >> done;
    const int until = job.until_epoch ? job.until_epoch : static_cast<int>(curve.size());
    Script script{hello};
    for (int e = 1; e <= until; ++e) {
      script.emplace_back(Event(results::Epoch{.number = e,
                                               .valid_top1 = curve[static_cast<std::size_t>(e) - 1],
                                               .seconds = seconds_of(job.spec)}));
      epochs_trained += e > done;
      if (e > done) now += seconds_of(job.spec);
    }
    if (!job.checkpoint.empty()) std::ofstream(job.checkpoint) << until << std::string(995, ' ');
    script.push_back(until < static_cast<int>(curve.size()) ? Event(Paused{until, 1000}) : done_);
    script.push_back(Ended{});
    return script;
  }

  // "a until 3" of each training that was started.
  Names steps() const {
    Names all;
    for (const auto& launch : runner.started)
      if (launch.job.kind == "train")
        all.push_back(name_of(launch.job.spec) + " " + std::to_string(launch.job.until_epoch));
    return all;
  }
  std::size_t checkpoints() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& file :
         fs::directory_iterator(config.output.folder / "checkpoints"))
      ++count;
    return count;
  }
  std::size_t preflights() const {
    return static_cast<std::size_t>(std::ranges::count(
        runner.started, "preflight", [](const auto& launch) { return launch.job.kind; }));
  }

 private:
  const Event done_ = results::Summary{.parameters = 7, .split_hash = "s"};
};

// b is slower than a and cannot reach it; c is slower still and better.
struct Three : Learning {
  Three() {
    config.scheduler.early_stopping = "frontier";
    config.scheduler.margin = 0.02;
    curves = {{"a", {0.5, 0.6, 0.7, 0.7, 0.7}},
              {"b", {0.2, 0.3, 0.4, 0.4, 0.4}},
              {"c", {0.6, 0.7, 0.8, 0.8, 0.8}}};
    seconds = {{"a", 1}, {"b", 2}, {"c", 3}};
  }
};

}  // namespace

TEST_CASE("early stopping pauses at rungs, promotes, and gives up what cannot reach the frontier") {
  Three sweep;
  const auto outcome = sweep.run();
  CHECK(outcome.done == 2);
  CHECK(outcome.given_up == 1);
  CHECK(outcome.waiting == 0);
  CHECK(sweep.steps() == Names{"a 1", "b 1", "c 1", "a 3", "a 0", "c 3", "c 0"});
  CHECK(sweep.epochs_trained == 11);
  CHECK(sweep.state("b") == "paused");
  CHECK_THAT(sweep.ask("SELECT message FROM attempts JOIN trials USING (trial) WHERE architecture "
                       "= 'b'")[0],
             Contains("epoch 1: at best") && Contains("70.00 %"));
  // The last attempt of a trial tells of all its epochs.
  CHECK(sweep.ask("SELECT train_seconds FROM leaderboard WHERE architecture = 'c'") ==
        Names{"15.000"});
  CHECK(sweep.ask("SELECT outcome FROM sweeps") == Names{"finished"});
  CHECK(sweep.checkpoints() == 1);  // of b, which can go on

  SECTION("the same again starts nothing") {
    const auto again = sweep.run();
    CHECK(sweep.steps().empty());
    CHECK(again.given_up == 1);
    CHECK(again.finished_before == 2);
  }
  SECTION("without early stopping it goes on from its checkpoint") {
    sweep.config.scheduler.early_stopping = "none";
    sweep.epochs_trained = 0;
    CHECK(sweep.run().done == 1);
    CHECK(sweep.steps() == Names{"b 0"});
    CHECK(sweep.epochs_trained == 4);
    CHECK(sweep.state("b") == "done");
    CHECK(sweep.checkpoints() == 0);
  }
  SECTION("a longer plan knows what the finished ones showed") {
    sweep.curves["d"] = {0.1, 0.2, 0.3, 0.3, 0.3};
    sweep.seconds["d"] = 4;
    CHECK(sweep.run().given_up == 2);
    CHECK(sweep.steps() == Names{"d 1"});
  }
}

TEST_CASE("checkpoints of finished trials can be kept") {
  Three sweep;
  sweep.config.output.keep_checkpoints = true;
  sweep.run();
  CHECK(sweep.checkpoints() == 3);
}

TEST_CASE("a scheduler that was killed decides the same again") {
  const auto whole = [] {
    Three sweep;
    sweep.run();
    return sweep.steps();
  }();
  // Ended after each of its steps in turn, it must take the next one that the whole run took.
  for (std::size_t kill = 1; kill < whole.size(); ++kill) {
    Three sweep;
    std::size_t trained = 0;
    sweep.act = [&](const Launch& launch) {
      if (launch.job.kind == "train" && trained++ == kill) throw std::runtime_error("killed");
      return sweep.work(launch);
    };
    CHECK_THROWS_WITH(sweep.run(), "killed");
    {
      results::Store store(sweep.database());
      for (const auto& u : store.unfinished())
        store.release(u.id, u.attempt, {Cause::killed, "the scheduler died", ""});
    }
    auto seen = sweep.steps();
    seen.resize(kill);
    sweep.act = [&](const Launch& launch) { return sweep.work(launch); };
    sweep.run();
    for (const auto& step : sweep.steps()) seen.push_back(step);
    CHECK(seen == whole);
    CHECK(sweep.epochs_trained == 11);
  }
}

TEST_CASE("a worker that pauses without having learned more is not started for ever") {
  Three sweep;
  sweep.act = [&](const Launch& launch) {
    if (launch.job.kind == "train" && launch.job.spec.architecture == "b")
      return Script{hello, Event(Paused{0, 0}), Ended{}};
    return sweep.work(launch);
  };
  const auto outcome = sweep.run();
  CHECK(outcome.failed == 1);
  CHECK(sweep.state("b") == "failed");
}

TEST_CASE("candidates that cannot work are failed before the first trial") {
  Three sweep;
  sweep.cannot["c"] = Cause::out_of_memory;
  sweep.curves["c 1"] = sweep.curves["c"];
  CHECK(sweep.run().failed == 2);
  CHECK(sweep.preflights() == 3);
  CHECK(sweep.state("c") == "failed");
  CHECK(sweep.ask("SELECT message FROM attempts JOIN trials USING (trial) WHERE architecture = "
                  "'c' AND cause = 'out_of_memory'") ==
        Names{"preflight: too large", "preflight: too large"});
  for (const auto& step : sweep.steps()) CHECK(step[0] != 'c');

  SECTION("retried, they are tried again; what was measured is kept") {
    sweep.cannot.clear();
    sweep.options.retry_failed = true;
    sweep.Sweep::run(sweep.plan(), /*retry_failed=*/true);
    CHECK(sweep.preflights() == 1);
    CHECK(sweep.state("c") == "done");
  }
}

TEST_CASE("what fails in a row where another works is tried there") {
  Three sweep;
  sweep.config.scheduler.slurm.is_used = true;  // two that look the same
  sweep.config.scheduler.slots = 2;
  sweep.config.scheduler.retry_crashed = 0;
  std::size_t tried = 0;
  sweep.act = [&](const Launch& launch) {
    if (launch.job.kind == "preflight" && ++tried <= 3)
      return Script{hello, Ended{.signal = SIGSEGV}};
    return sweep.work(launch);
  };
  CHECK(sweep.run().failed == 0);
  CHECK(sweep.preflights() == 6);
}

TEST_CASE("the preflight is asked for by early stopping, a budget, a long plan, or by name") {
  const auto asks = [](SchedulerConfig config, double cost, bool limited = false,
                       bool gpu = false) {
    PlannedTrial t = trial("a");
    t.cost = cost;
    const std::vector<const PlannedTrial*> all{&t};
    return wants_preflight(config, all, limited, gpu);
  };
  CHECK_FALSE(asks({}, 1e12));
  CHECK(asks({}, 1e13));
  CHECK_FALSE(asks({}, 1e13, false, /*gpu=*/true));
  CHECK(asks({}, 1, /*limited=*/true));
  CHECK(asks({.early_stopping = "frontier"}, 1));
  CHECK(asks({.preflight = "always"}, 1));
  CHECK_FALSE(asks({.preflight = "never"}, 1e13, true));
}

TEST_CASE("measured seconds decide the order") {
  Learning sweep;
  sweep.config.scheduler.preflight = "always";
  sweep.curves = {{"a", {0.5, 0.5}}, {"b", {0.5, 0.5}}, {"c", {0.5, 0.5}}};
  sweep.seconds = {{"a", 3}, {"b", 1}, {"c", 2}};
  sweep.run();
  CHECK(sweep.steps() == Names{"b 0", "c 0", "a 0"});
}

TEST_CASE("a dry run tries candidates, tells of those that cannot work and records no trial") {
  Three sweep;
  sweep.cannot["c"] = Cause::bad_config;
  sweep.options.dry_run = true;
  CHECK(sweep.run().failed == 1);
  CHECK(sweep.steps().empty());
  CHECK(sweep.ask("SELECT count(*) FROM trials") == Names{"0"});
  CHECK(sweep.ask("SELECT count(*) FROM preflights") == Names{"2"});
  sweep.run();
  CHECK(sweep.preflights() == 1);
}

TEST_CASE("a budget that is enough changes nothing") {
  Three sweep;
  sweep.config.scheduler.early_stopping = "none";
  sweep.options.seconds = 1000;
  CHECK(sweep.run().done == 3);
  CHECK(sweep.steps() == Names{"a 0", "b 0", "c 0"});
}

TEST_CASE("a budget that is not enough gives every candidate a result early and fills the rest") {
  Three sweep;
  sweep.config.scheduler.early_stopping = "none";
  sweep.curves["a 1"] = sweep.curves["a"];
  sweep.options.seconds = 15.5;
  const auto outcome = sweep.run();
  // 1 + 2 + 3 for a first look, a to its end in 4 more; 5.5 s are left: an epoch of c would fit,
  // but its next rung is cut to what there is time for.
  CHECK(sweep.steps()[0] == "a 1");
  CHECK(sweep.steps()[1] == "b 1");
  CHECK(sweep.steps()[2] == "c 1");
  CHECK(sweep.now <= 15.5);
  CHECK(sweep.now > 14);
  CHECK(outcome.done >= 1);
  CHECK(outcome.waiting == 4 - outcome.done);
  CHECK_FALSE(outcome.interrupted);
  CHECK(sweep.ask("SELECT outcome FROM sweeps") == Names{"out of time"});
  CHECK(sweep.state("b") == "paused");

  SECTION("the next night goes on") {
    sweep.options.seconds = std::numeric_limits<double>::infinity();
    const auto next = sweep.run();
    CHECK(next.done == outcome.waiting);
    CHECK(sweep.epochs_trained == 20);  // none twice
  }
}

TEST_CASE("when the time is up, who runs is paused after its last whole epoch") {
  Three sweep;
  sweep.config.scheduler.early_stopping = "none";
  sweep.options.seconds = 100;
  // Far slower than foreseen: the first epoch ends after the time.
  sweep.options.clock = [&] {
    return sweep.ask("SELECT count(*) FROM epochs")[0] == "0" ? 0.0 : 1000.0;
  };
  sweep.act = [&](const Launch& launch) {
    auto script = sweep.work(launch);
    if (launch.job.kind != "train" || launch.job.spec.architecture != "a") return script;
    return Script{script[0], script[1], Tick{}, script[2], Ended{}};
  };
  const auto outcome = sweep.run();
  CHECK(sweep.runner.stops == std::vector<bool>{false});
  CHECK(outcome.done == 0);
  CHECK(outcome.waiting == 3);
  CHECK(sweep.state("a") == "paused");
  CHECK(sweep.state("b") == "planned");
  CHECK(sweep.ask("SELECT outcome FROM attempts") == Names{"paused"});
}

TEST_CASE("kept checkpoints of finished trials take no more than their room") {
  Three sweep;
  sweep.config.scheduler.early_stopping = "none";
  sweep.config.scheduler.preflight = "never";  // nothing tells how large they are
  sweep.config.output.keep_checkpoints = true;
  sweep.run();
  CHECK(sweep.checkpoints() == 3);
  // One more, as large as that of its architecture.
  sweep.config.output.checkpoint_gib = 2500.0 / (1 << 30);
  sweep.curves["a 1"] = sweep.curves["a"];
  CHECK(sweep.run().done == 1);
  CHECK(sweep.checkpoints() == 2);
}

TEST_CASE("checkpoints that find no room: given-up ones go first, then trials run to their end") {
  Three sweep;
  sweep.config.output.checkpoint_gib = 1500.0 / (1 << 30);  // of one
  sweep.run();
  CHECK(sweep.steps() == Names{"a 1", "b 0", "c 0", "a 3", "a 0"});
  CHECK(sweep.checkpoints() == 0);
}
