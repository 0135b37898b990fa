#include "runner/schedule/scheduler.h"

#include <catch2/catch.hpp>

#include "runner/schedule/ingest.h"
#include "runner/schedule/slots.h"
#include "runner/support/error.h"
#include "runner/trial/measure/nvml.h"
#include "tests/runner/schedule/sweep.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;
using results::Cause;
using Names = std::vector<std::string>;

TEST_CASE("a sweep runs its trials in the plan's order and records what they tell") {
  Sweep sweep;
  sweep.config.scheduler.trial_time_limit = 60;
  sweep.scripts["b"] = good(0.9);
  const auto outcome = sweep.run(Names{"c", "a", "b"});
  CHECK(outcome.done == 3);
  CHECK(outcome.failed == 0);
  CHECK(outcome.finished_before == 0);
  CHECK_FALSE(outcome.interrupted);
  CHECK(sweep.runner.trained() == Names{"c", "a", "b"});
  CHECK(sweep.ask("SELECT architecture FROM sweep_trials JOIN trials USING (trial) ORDER BY "
                  "position") == Names{"c", "a", "b"});
  CHECK(sweep.ask("SELECT architecture FROM leaderboard")[0] == "b");
  CHECK(sweep.ask("SELECT top1 FROM leaderboard WHERE architecture = 'b'") == Names{"0.9000"});
  CHECK(sweep.ask("SELECT latency FROM leaderboard LIMIT 1") == Names{"0.0020"});
  CHECK(sweep.ask("SELECT device_name FROM leaderboard LIMIT 1") == Names{"Fake"});
  CHECK(sweep.ask("SELECT count(*) FROM epochs") == Names{"6"});
  CHECK(sweep.ask("SELECT outcome FROM sweeps") == Names{"finished"});
  CHECK(sweep.ask("SELECT seen_at BETWEEN started_at AND ended_at FROM sweeps") == Names{"1"});
  CHECK(sweep.ask("SELECT pid FROM attempts ORDER BY pid") == Names{"101", "102", "103"});

  CHECK(sweep.runner.started.size() == 4);
  CHECK(sweep.runner.started[0].job.kind == "prepare");
  const auto& launch = sweep.runner.started[1];
  CHECK(launch.job.device == "cpu");
  CHECK(launch.job.threads == 3);
  CHECK(launch.time_limit == 60);
  CHECK(launch.job.cache_folder == (sweep.config.output.folder / "cache").string());
  CHECK(sweep.ask("SELECT journal FROM attempts WHERE pid = 101") == Names{launch.job.journal});
  CHECK(launch.files.parent_path() == sweep.config.output.folder / "trials");
  CHECK(std::filesystem::is_directory(launch.files.parent_path()));
}

TEST_CASE("a failed trial is recorded with its cause, and the sweep goes on") {
  struct Case {
    Script script;
    const char *cause, *message;
  };
  const std::vector<Case> cases{
      {failing(Cause::out_of_memory, "12 GiB asked for"), "out_of_memory", "12 GiB asked for"},
      {failing(Cause::diverged, "loss is NaN"), "diverged", "loss is NaN"},
      {failing(Cause::bad_data, "a.jpg"), "bad_data", "a.jpg"},
      {failing(Cause::bad_config, "no such size"), "bad_config", "no such size"},
      {{hello, Ended{.signal = 11, .tail = "last words"}}, "crashed", "signal 11"},
      {{hello, Ended{.signal = 9, .out_of_memory = true, .tail = "last words"}},
       "out_of_memory",
       "kernel"},
      {{hello, epoch(1, 0.1),
        Ended{.signal = 15, .timed_out = true, .limit = 60, .tail = "last words"}},
       "timeout",
       "60 s"},
      {{hello, Ended{.exit_code = 3, .tail = "last words"}}, "crashed", "exit code 3 without"},
      {{Ended{.tail = "last words"}}, "crashed", "exit code 0 without a result"},
      {{hello, Ended{.signal = 9, .hung = true, .limit = 900, .tail = "last words"}},
       "hung",
       "no sign of life for 15m"},
      {{hello, Ended{.signal = 9, .tail = "last words"}}, "killed", "somebody sent it signal 9"},
  };
  for (const auto& c : cases) {
    Sweep sweep;
    auto& scheduler = sweep.config.scheduler;
    scheduler.retry_crashed = scheduler.retry_hung = scheduler.retry_killed = 0;
    sweep.scripts["bad"] = c.script;
    INFO(c.cause << ": " << c.message);
    const auto outcome = sweep.run(Names{"bad", "after"});
    CHECK(outcome.failed == 1);
    CHECK(outcome.done == 1);
    CHECK(sweep.state("bad") == "failed");
    CHECK(sweep.state("after") == "done");
    CHECK(sweep.ask("SELECT cause FROM attempts WHERE outcome = 'failed'") == Names{c.cause});
    CHECK_THAT(sweep.ask("SELECT message FROM attempts WHERE outcome = 'failed'")[0],
               Contains(c.message));
    CHECK(sweep.ask("SELECT stderr_tail FROM attempts WHERE outcome = 'failed'") ==
          Names{"last words"});
    CHECK(sweep.ask("SELECT architecture FROM leaderboard") == Names{"after"});
  }
}

TEST_CASE("a trial is tried again, as often as its cause allows, also by the next scheduler") {
  Sweep sweep;
  sweep.config.scheduler.retry_crashed = 2;
  sweep.scripts["bad"] = {hello, epoch(1, 0.1), Ended{.signal = 11}};
  CHECK(sweep.run(Names{"bad", "after"}).failed == 1);
  CHECK(sweep.ask("SELECT outcome FROM attempts JOIN trials USING (trial) WHERE architecture = "
                  "'bad' ORDER BY attempts.attempt") == Names{"retried", "retried", "failed"});

  Sweep killed;  // a scheduler that died after the first retry
  killed.config.scheduler.retry_crashed = 1;
  int starts = 0;
  killed.act = [&](const Launch&) -> Script {
    if (++starts == 2) throw std::runtime_error("power cut");
    return {hello, epoch(1, 0.1), Ended{.signal = 11}};
  };
  CHECK_THROWS(killed.run(Names{"bad"}));
  {
    results::Store store(killed.database());
    ingest_unfinished(store);
  }
  CHECK(killed.run(Names{"bad"}).failed == 1);
  CHECK(killed.ask("SELECT outcome FROM attempts ORDER BY attempt") ==
        Names{"retried", "released", "failed"});
  CHECK(killed.run(Names{"bad"}, /*retry_failed=*/true).failed == 1);  // the count begins anew
  CHECK(killed.ask("SELECT count(*) FROM attempts") == Names{"5"});
}

TEST_CASE("what is for classes is refused where the target is a number") {
  Sweep sweep;
  sweep.scripts["prepare"] = {hello, Event(Prepared{.train_samples = 8, .valid_samples = 2}),
                              Ended{}};
  const auto fault = [&](const std::string& loss, double smoothing) -> std::string {
    auto first = trial("a"), second = trial("b");  // of one data set
    second.spec.training.loss = loss;
    second.spec.training.label_smoothing = smoothing;
    second.fingerprint = fingerprint(second.spec);
    try {
      sweep.run(std::vector{first, second});
      return "";
    } catch (const Error& e) {
      CHECK(sweep.runner.trained().empty());
      return e.what();
    }
  };
  CHECK(fault("cross_entropy", 0) ==
        "/data: its target is a number, and training.loss: cross_entropy is for classes; say mse, "
        "or leave it out");
  CHECK(fault("", 0.1) ==
        "/data: its target is a number, and training.label_smoothing is for classes; leave it out");
  CHECK(fault("mse", 0) == "");
}

TEST_CASE("memory that ran out beside others is no verdict") {
  Sweep sweep;
  sweep.config.scheduler.slots = 2;
  int starts = 0;
  sweep.act = [&](const Launch& launch) -> Script {
    if (launch.job.spec.architecture == "big" && ++starts == 1)
      return failing(Cause::out_of_memory, "12 GiB asked for");
    return good();
  };
  CHECK(sweep.run(Names{"big", "other"}).done == 2);
  CHECK(sweep.ask("SELECT outcome FROM attempts WHERE cause IS NOT NULL") == Names{"retried"});
}

TEST_CASE("a device on which everything fails is tried with a known model, and closed") {
  Sweep sweep;
  sweep.config.scheduler.retry_crashed = 0;
  bool sick = true;
  sweep.act = [&](const Launch& launch) -> Script {
    if (launch.job.kind == "bench")
      return sick ? Script{Ended{.signal = 11}} : Script{done, Ended{}};
    return {hello, Ended{.signal = 11}};
  };
  const Names names{"a", "b", "c", "d"};
  auto outcome = sweep.run(names);
  CHECK_THAT(outcome.obstacle, Contains("3 trials and a known model failed on cpu"));
  CHECK(outcome.failed == 0);
  CHECK(outcome.waiting == 4);
  CHECK(sweep.ask("SELECT device FROM quarantines") == Names{"cpu"});
  CHECK(sweep.ask("SELECT outcome FROM sweeps") == Names{"obstacle"});

  sick = false;  // it works: the trials fail, and are asked about once for every three
  outcome = sweep.run(names);
  CHECK(outcome.obstacle.empty());
  CHECK(outcome.failed == 4);
  CHECK(std::ranges::count(sweep.runner.started, "bench",
                           [](const Launch& l) { return l.job.kind; }) == 1);

  Sweep fine;  // a trial that works in between: no suspicion
  fine.config.scheduler.retry_crashed = 0;
  fine.act = [](const Launch& launch) {
    return launch.job.spec.architecture == "c" ? good() : Script{hello, Ended{.signal = 11}};
  };
  CHECK(fine.run(Names{"a", "b", "c", "d", "e"}).failed == 4);
  CHECK(fine.ask("SELECT count(*) FROM quarantines") == Names{"0"});
}

TEST_CASE("a trial that went on elsewhere is not planned again with those of a closed device") {
  Sweep sweep;
  sweep.options.devices = {{.name = "cuda:0"}, {.name = "cuda:1"}};
  sweep.options.memory = [](const std::string&) { return Memory{80.0 * (1 << 30), 0}; };
  sweep.act = [](const Launch& launch) -> Script {
    if (launch.job.kind == "bench") {  // ends while a retried trial runs, or after it ended
      Script slow(30, Tick{});
      slow.push_back(Ended{.signal = 11});
      return slow;
    }
    return launch.job.device == "cuda:0" ? Script{hello, Ended{.signal = 11}} : good();
  };
  CHECK(sweep.run(Names{"a", "b", "c", "d", "e"}).done == 5);
  CHECK(sweep.ask("SELECT device FROM quarantines") == Names{"cuda:0"});
  CHECK(sweep
            .ask("SELECT trial FROM attempts WHERE device = 'cuda:1' GROUP BY trial HAVING "
                 "count(*) > 1")
            .empty());
}

TEST_CASE("a result that came counts, however the worker ends") {
  Sweep sweep;
  sweep.scripts["a"] = {hello, epoch(1, 0.7), done, Ended{.signal = 6}};
  CHECK(sweep.run(Names{"a"}).done == 1);
  CHECK(sweep.state("a") == "done");
}

TEST_CASE("failed trials run again when asked, finished ones never") {
  Sweep sweep;
  sweep.scripts["bad"] = failing(Cause::diverged, "once");
  sweep.run(Names{"good", "bad"});
  sweep.scripts.erase("bad");
  SECTION("not asked") {
    const auto outcome = sweep.run(Names{"good", "bad"});
    CHECK(sweep.runner.started.empty());
    CHECK(outcome.failed == 1);
    CHECK(outcome.finished_before == 1);
    CHECK(sweep.ask("SELECT outcome FROM sweeps") == Names{"finished", "finished"});
  }
  SECTION("asked") {
    const auto outcome = sweep.run(Names{"good", "bad"}, /*retry_failed=*/true);
    CHECK(sweep.runner.trained() == Names{"bad"});
    CHECK(outcome.failed == 0);
    CHECK(outcome.done == 1);
    CHECK(sweep.state("bad") == "done");
    CHECK(sweep.ask("SELECT outcome FROM attempts JOIN trials USING (trial) WHERE architecture = "
                    "'bad' ORDER BY attempts.attempt") == Names{"failed", "done"});
    // The first attempt's epochs stay under its number; the leaderboard reads the second's.
    CHECK(sweep.ask("SELECT count(*) FROM epochs JOIN trials USING (trial) WHERE architecture = "
                    "'bad'") == Names{"3"});
    CHECK(sweep.ask("SELECT top1 FROM leaderboard WHERE architecture = 'bad'") == Names{"0.8000"});
  }
}

TEST_CASE("a longer plan runs only what is new, and reads only its data") {
  Sweep sweep;
  sweep.run({trial("a"), trial("b")});
  const auto outcome = sweep.run({trial("a"), trial("c", "/more"), trial("b")});
  CHECK(outcome.finished_before == 2);
  CHECK(outcome.done == 1);
  CHECK(sweep.runner.trained() == Names{"c"});
  CHECK(sweep.runner.started.size() == 2);
  CHECK(sweep.runner.started[0].job.spec.dataset.root == "/more");
  CHECK(sweep.ask("SELECT count(*) FROM trials") == Names{"3"});
  CHECK(sweep.ask("SELECT count(*) FROM attempts") == Names{"3"});
  CHECK(sweep.ask("SELECT count(*) FROM sweep_trials") == Names{"5"});
}

TEST_CASE("an interrupted sweep keeps what it has and is continued") {
  Sweep sweep;
  sweep.scripts["b"] = {hello, epoch(1, 0.4), Interrupted{}, epoch(2, 0.8), done, Ended{}};
  auto outcome = sweep.run(Names{"a", "b", "c"});
  CHECK(outcome.interrupted);
  CHECK(outcome.done == 1);
  CHECK(outcome.failed == 0);
  CHECK(sweep.runner.stops == std::vector<bool>{false});
  CHECK(sweep.runner.trained() == Names{"a", "b"});
  CHECK(sweep.state("a") == "done");
  CHECK(sweep.state("b") == "planned");
  CHECK(sweep.state("c") == "planned");
  CHECK(sweep.ask("SELECT cause FROM attempts WHERE outcome = 'released'") == Names{"killed"});
  CHECK(sweep.ask("SELECT outcome FROM sweeps") == Names{"interrupted"});
  CHECK(sweep.ask("SELECT count(*) FROM epochs") == Names{"3"});

  sweep.scripts.clear();
  outcome = sweep.run(Names{"a", "b", "c"});
  CHECK(outcome.finished_before == 1);
  CHECK(outcome.done == 2);
  CHECK(sweep.runner.trained() == Names{"b", "c"});
  CHECK(sweep.ask("SELECT count(*) FROM epochs") == Names{"7"});
}

TEST_CASE("the second Ctrl-C ends workers at once; who had finished counts") {
  Sweep sweep;
  sweep.config.scheduler.slots = 2;
  sweep.scripts["deaf"] = {hello, Interrupted{}, Interrupted{}, epoch(1, 0.5), Ended{}};
  sweep.scripts["ready"] = {done, Ended{}};
  const auto outcome = sweep.run(Names{"deaf", "ready", "never"});
  CHECK(outcome.interrupted);
  CHECK(sweep.runner.stops == std::vector<bool>{false, true});
  CHECK(sweep.state("deaf") == "planned");
  CHECK(sweep.state("ready") == "done");
  CHECK(sweep.runner.trained() == Names{"deaf", "ready"});
}

TEST_CASE("as many trials run at once as there are slots, to the end") {
  Sweep sweep;
  sweep.config.scheduler.slots = 3;
  sweep.config.scheduler.retry_crashed = 0;
  Names names;
  for (int i = 0; i < 8; ++i) names.push_back("n" + std::to_string(i));
  sweep.scripts["n1"] = failing(Cause::crashed, "early");
  CHECK(sweep.run(names).done == 7);
  CHECK(sweep.runner.most_running == 3);
  CHECK(sweep.runner.trained() == names);
}

TEST_CASE("no more trials run at once than fit the memory") {
  constexpr double gib = 1 << 30;
  Sweep sweep;
  sweep.config.scheduler.slots = 3;
  sweep.options.memory = [](const std::string& device) {
    CHECK(device == "cpu");
    return Memory{16 * gib, 6 * gib};  // 9.2 for trials
  };
  SECTION("declared") {
    sweep.config.scheduler.trial_memory = 4 * gib;
    CHECK(sweep.run(Names{"a", "b", "c", "d", "e"}).done == 5);
    CHECK(sweep.runner.most_running == 2);
  }
  SECTION("declared, too big for two") {
    sweep.config.scheduler.trial_memory = 50 * gib;
    CHECK(sweep.run(Names{"a", "b", "c"}).done == 3);
    CHECK(sweep.runner.most_running == 1);
  }
  SECTION("as a trial of the same candidate told") {
    sweep.act = [](const Launch&) {
      const Event told = results::Summary{.train_memory_bytes = 5 * gib, .split_hash = "s"};
      return Script{hello, epoch(1, 0.5), told, Ended{}};
    };
    std::vector<PlannedTrial> plan;
    for (int seed = 0; seed < 6; ++seed) {
      plan.push_back(trial("a"));
      plan.back().spec.training.seed = static_cast<std::uint64_t>(seed);
      plan.back().fingerprint = fingerprint(plan.back().spec);
    }
    CHECK(sweep.run(plan).done == 6);
    CHECK(sweep.runner.beside == std::vector<std::size_t>{0, 0, 1, 2, 0, 0, 0});
  }
}

TEST_CASE("a GPU's next trial waits for the memory of the last, also when nothing else runs") {
  constexpr double gib = 1 << 30;
  Sweep sweep;
  sweep.config.scheduler.trial_memory = 20 * gib;
  sweep.options.devices = {{.name = "cuda:0", .places = 4, .is_trusting = false}};
  double now = 0;
  sweep.options.clock = [&] { return now += 0.1; };
  int looks = 0;  // since the first trial
  const auto in_use = [&] {
    return sweep.runner.trained().empty() || ++looks > 8 ? 1 * gib : 70 * gib;
  };
  sweep.options.memory = [&](const std::string&) { return Memory{80 * gib, in_use()}; };
  SECTION("alone") {
    sweep.config.scheduler.trial_memory = 70 * gib;
    sweep.idle_ticks = 100;
    CHECK(sweep.run(Names{"a", "b"}).done == 2);
    CHECK(looks > 8);
    CHECK(sweep.runner.idle_ticks < 100);
    CHECK(sweep.runner.most_running == 1);
  }
  SECTION("the last one: nothing is waited for") {
    CHECK(sweep.run(Names{"a"}).done == 1);
  }
  SECTION("as many as fit") {
    CHECK(sweep.run(Names{"a", "b", "c"}).done == 3);
    CHECK(sweep.runner.most_running == 3);
    CHECK(sweep.ask("SELECT DISTINCT device FROM attempts") == Names{"cuda:0"});
  }
}

TEST_CASE("noise changes nothing") {
  Sweep sweep;
  sweep.scripts["a"] = {Tick{},
                        hello,
                        Event(Progress{"train", 1, 2, 3, 4, 0.5, 10}),
                        epoch(1, 0.3),
                        Tick{},
                        epoch(1, 0.9),  // said twice: the first stays
                        Event(Prepared{}),
                        hello,
                        latency,
                        latency,
                        done,
                        Tick{},
                        Ended{}};
  CHECK(sweep.run(Names{"a"}).done == 1);
  CHECK(sweep.ask("SELECT top1 FROM leaderboard") == Names{"0.3000"});
  CHECK(sweep.ask("SELECT count(*) FROM measurements") == Names{"1"});
  CHECK(sweep.ask("SELECT count(*) FROM environments") == Names{"1"});
}

TEST_CASE("data that cannot be used stop the sweep before its first trial") {
  Sweep sweep;
  const auto refused = [&] {
    try {
      sweep.run(Names{"a"});
    } catch (const Error& e) {
      return std::pair{std::string(e.what()), e.code()};
    }
    return std::pair{std::string(), Exit::done};
  };
  SECTION("bad data") {
    sweep.scripts["prepare"] = failing(Cause::bad_data, "/data: no class folders");
    CHECK(refused().second == Exit::usage);
    CHECK_THAT(refused().first, Contains("/data: no class folders"));
  }
  SECTION("a worker that crashes over it") {
    sweep.scripts["prepare"] = {Ended{.signal = 11, .tail = "last words"}};
    CHECK(refused().second == Exit::environment);
    CHECK_THAT(refused().first, Contains("signal 11") && Contains("last words"));
  }
  CHECK(sweep.runner.trained().empty());
  CHECK(sweep.state("a") == "planned");
}

TEST_CASE("Ctrl-C while data are read starts nothing") {
  Sweep sweep;
  sweep.scripts["prepare"] = {hello, Interrupted{}, Event(Prepared{}), Ended{}};
  const auto outcome = sweep.run(Names{"a"});
  CHECK(outcome.interrupted);
  CHECK(sweep.runner.trained().empty());
  CHECK(sweep.ask("SELECT outcome FROM sweeps") == Names{"interrupted"});
}

TEST_CASE("each data set of a plan is read once") {
  Sweep sweep;
  sweep.run({trial("a", "/x"), trial("b", "/y"), trial("c", "/x")});
  Names roots;
  for (const auto& launch : sweep.runner.started)
    if (launch.job.kind == "prepare") roots.push_back(launch.job.spec.dataset.root);
  CHECK(roots == Names{"/x", "/y"});
}

TEST_CASE("a worker that cannot be started ends the sweep, and loses nothing") {
  Sweep sweep;
  FakeRunner runner;
  runner.script = [](const Launch& launch) {
    if (launch.job.spec.architecture == "b") throw Error("no more processes", Exit::environment);
    return launch.job.kind == "prepare" ? prepared() : good();
  };
  {
    results::Store store(sweep.database());
    const std::vector plan{trial("a"), trial("b")};
    CHECK_THROWS_WITH(run_sweep(sweep.config, plan, store, runner), "no more processes");
  }
  CHECK(sweep.state("a") == "done");
  results::Store store(sweep.database());
  REQUIRE(store.unfinished().size() == 1);  // what the next run takes up
  CHECK(store.unfinished()[0].pid == 0);
}

TEST_CASE("slots: as many as asked for, on the device asked for") {
  CHECK(devices_of_slots({.device = "cpu"}) == Names{"cpu"});
  CHECK(devices_of_slots({.slots = 2, .device = "cpu"}) == Names{"cpu", "cpu"});
  if (gpu_count() == 0)
    CHECK_THROWS_WITH(devices_of_slots({.device = "cuda"}), Contains("shows no GPU"));
}
