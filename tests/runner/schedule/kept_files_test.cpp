#include "runner/schedule/kept_files.h"

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/runner/schedule/sweep.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

// A worker that leaves its weights and its logits behind, so many bytes.
struct Keeping : Sweep {
  explicit Keeping(const std::string& policy) {
    config.output.keep_weights = policy;
    act = [this](const Launch& launch) {
      for (const std::filesystem::path file : {launch.job.weights, launch.job.logits})
        if (!file.empty()) {
          std::filesystem::create_directories(file.parent_path());
          std::ofstream(file) << std::string(1000, 'w');
        }
      const auto& [top1, seconds] = numbers.at(launch.job.spec.architecture);
      auto timed = latency;
      std::get<results::Measurement>(timed).seconds = {seconds, seconds, seconds};
      return Script{hello, epoch(1, top1), timed, done, Ended{}};
    };
  }
  std::map<std::string, std::pair<double, double>> numbers;  // top-1 and latency

  // Of which architectures there are weights, or logits, in the order of their names.
  Names kept(decltype(weights_file) file_of = weights_file) const {
    Names names;
    for (const auto& [name, unused] : numbers)
      if (std::filesystem::exists(file_of(config.output.folder, trial(name).fingerprint)))
        names.push_back(name);
    return names;
  }
};

}  // namespace

TEST_CASE("weights are kept of trials that no other beats in accuracy and speed") {
  Keeping sweep("frontier");
  sweep.numbers = {{"fast", {0.5, 1e-3}}, {"middle", {0.7, 2e-3}}, {"slow", {0.9, 3e-3}}};
  sweep.numbers["beaten"] = {0.6, 2.5e-3};
  sweep.numbers["equal"] = {0.7, 2e-3};
  sweep.run(Names{"beaten", "fast", "middle", "equal", "slow"});
  CHECK(sweep.kept() == Names{"equal", "fast", "middle", "slow"});
  // A later sweep into the same folder and database.
  sweep.numbers["better"] = {0.8, 1e-3};
  sweep.run(Names{"better"});
  CHECK(sweep.kept() == Names{"better", "slow"});
}

TEST_CASE(
    "where no speed is measured, weights are kept of trials that none beats in accuracy and time") {
  Keeping sweep("frontier");
  sweep.numbers = {{"fast", {0.5, 1e-3}}, {"slow", {0.4, 1e-3}}};
  for (const bool is_slower : {true, false}) {
    Keeping timed("frontier");
    timed.numbers = sweep.numbers;
    const auto keep = timed.act;
    timed.act = [&](const Launch& launch) {
      auto script = keep(launch);
      std::erase_if(script, [](const auto& step) {
        const auto* event = std::get_if<Event>(&step);
        return event && std::get_if<results::Measurement>(event);
      });
      for (auto& step : script)
        if (auto* event = std::get_if<Event>(&step))
          if (auto* e = std::get_if<results::Epoch>(event))
            e->seconds = (launch.job.spec.architecture == "slow") == is_slower ? 9 : 3;
      return script;
    };
    timed.run(Names{"fast", "slow"});
    CHECK(timed.kept() == (is_slower ? Names{"fast"} : Names{"fast", "slow"}));
  }
}

TEST_CASE("weights of all trials, or of none") {
  Keeping sweep("all");
  sweep.numbers = {{"best", {0.9, 1e-3}}, {"worst", {0.5, 2e-3}}};
  SECTION("all") {
    sweep.run(Names{"best", "worst"});
    CHECK(sweep.kept() == Names{"best", "worst"});
  }
  SECTION("none") {
    sweep.config.output.keep_weights = "none";
    sweep.run(Names{"best", "worst"});
    CHECK(sweep.kept().empty());
    CHECK(sweep.runner.started.at(1).job.weights.empty());
  }
  SECTION("as many as have room, the most accurate") {
    sweep.config.output.weights_gib = 1500.0 / (1 << 30);
    sweep.run(Names{"best", "worst"});
    CHECK(sweep.kept() == Names{"best"});
  }
}

TEST_CASE("weights of a trial that has no result yet are left alone") {
  Keeping sweep("frontier");
  sweep.numbers = {{"running", {0.1, 9}}, {"best", {0.9, 1e-3}}};
  const auto other = weights_file(sweep.config.output.folder, trial("running").fingerprint);
  std::filesystem::create_directories(other.parent_path());
  std::ofstream(other) << "w";
  sweep.run(Names{"best"});
  CHECK(sweep.kept() == Names{"best", "running"});
}

TEST_CASE("a trial that failed leaves no files") {
  Keeping sweep("all");
  sweep.numbers = {{"good", {0.9, 1e-3}}, {"bad", {0.1, 1e-3}}};
  const auto keep = sweep.act;
  sweep.act = [&](const Launch& launch) {
    auto script = keep(launch);
    if (launch.job.spec.architecture == "bad") script = failing(results::Cause::diverged, "x");
    return script;
  };
  sweep.run(Names{"bad", "good"});
  CHECK(sweep.kept() == Names{"good"});
  CHECK(sweep.kept(logits_file) == Names{"good"});
}

TEST_CASE("logits are kept of all trials, or of none") {
  Keeping sweep("none");
  sweep.numbers = {{"best", {0.9, 1e-3}}, {"middle", {0.7, 3e-3}}, {"worst", {0.5, 2e-3}}};
  SECTION("all") {
    sweep.run(Names{"best", "middle", "worst"});
    CHECK(sweep.kept(logits_file) == Names{"best", "middle", "worst"});
  }
  SECTION("none") {
    sweep.config.output.keep_logits = false;
    sweep.run(Names{"best", "worst"});
    CHECK(sweep.runner.started.at(1).job.logits.empty());
    CHECK(sweep.kept(logits_file).empty());
  }
  SECTION("as many as have room, the most accurate") {
    sweep.config.output.logits_gib = 2500.0 / (1 << 30);
    sweep.run(Names{"best", "middle", "worst"});
    CHECK(sweep.kept(logits_file) == Names{"best", "middle"});
  }
  SECTION("of one that has no result yet they are left alone") {
    sweep.config.output.logits_gib = 1500.0 / (1 << 30);
    const auto other = logits_file(sweep.config.output.folder, trial("worst").fingerprint);
    std::filesystem::create_directories(other.parent_path());
    std::ofstream(other) << std::string(1000, 'w');
    sweep.run(Names{"best"});
    CHECK(sweep.kept(logits_file) == Names{"best", "worst"});
  }
}
