#include "runner/trial/protocol.h"

#include <cstring>

#include <fmt/format.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "runner/schedule/lines.h"
#include "runner/support/error.h"

using namespace archsweep;
using namespace archsweep::runner;

TEST_CASE("a job survives its JSON") {
  Job job{.kind = "train"};
  job.spec.architecture = "resnet18";
  job.spec.augmentation = {{"random_crop", {{"padding", 4}}}};
  job.spec.training.learning_rate = 0.003;
  job.view = {2, 8, {{}, job.spec.augmentation}, "/tmp/tiles", {3, 1}, "5e1f"};
  job.logits = "/tmp/logits";
  const auto again = decode_job(encode(job));
  CHECK(encode(again) == encode(job));
  CHECK(fingerprint(again.spec) == fingerprint(job.spec));
  CHECK(again.view.augmentations == job.view.augmentations);
  CHECK(again.view.chosen == job.view.chosen);
  CHECK(again.logits == job.logits);
}

TEST_CASE("a job with a member missing, unknown or of a wrong type is refused by name") {
  auto json = nlohmann::json::parse(encode(Job{.kind = "train"}));
  SECTION("missing") {
    json["spec"]["training"].erase("epochs");
    CHECK_THROWS_WITH(decode_job(json.dump()), "spec.training.epochs: missing");
  }
  SECTION("unknown") {
    json["spec"]["training"]["epoch"] = 1;
    CHECK_THROWS_WITH(decode_job(json.dump()), "spec.training.epoch: unknown");
  }
  SECTION("wrong type") {
    json["spec"]["dataset"]["image_size"] = "big";
    CHECK_THROWS_WITH(decode_job(json.dump()), "spec.dataset.image_size: expected a whole number");
  }
}

TEST_CASE("events survive their line, NaN included") {
  results::Epoch epoch{.number = 2, .train_loss = 1.5};
  const auto line = encode(Event(epoch));
  CHECK(line.ends_with("\n"));
  const auto event = decode_event(line);
  REQUIRE(event);
  const auto& again = std::get<results::Epoch>(*event);
  CHECK(again.number == 2);
  CHECK(again.train_loss == 1.5);
  CHECK(std::isnan(again.valid_top1));

  const auto sweep = decode_event(encode(Event(results::RateSweep{{1, 2}, {3, std::nan("")}})));
  REQUIRE(sweep);
  CHECK(std::get<results::RateSweep>(*sweep).losses.at(0) == 3);
  CHECK(std::isnan(std::get<results::RateSweep>(*sweep).losses.at(1)));
  CHECK_FALSE(decode_event(R"({"lr_find": {"rates": [1], "losses": ["x"]}})"));

  const auto failed =
      decode_event(encode(Event(results::Failure{results::Cause::diverged, "x\xff", ""})));
  REQUIRE(failed);
  CHECK(std::get<results::Failure>(*failed).cause == results::Cause::diverged);
}

TEST_CASE("a hello of another protocol tells its number, whatever else it is like") {
  for (const char* line :
       {R"({"event":"hello","protocol":99,"machine":"x"})",
        R"({"event":"hello","protocol":99,"environment":{"archsweep":"7.0","moon":1}})"}) {
    const auto event = decode_event(line);
    REQUIRE(event);
    const auto& hello = std::get<Hello>(*event);
    CHECK(hello.protocol == 99);
    CHECK(hello.environment.archsweep == (std::strstr(line, "7.0") ? "7.0" : ""));
  }
}

TEST_CASE("a data set may have many bad files") {
  Prepared told{.split_hash = "s", .bad_files = {}};
  for (int i = 0; i < 20'000; ++i)
    told.bad_files.push_back(fmt::format("/data/{:0100}.jpg: cut off", i));
  std::size_t files = 0;
  Lines lines;
  lines.add(encode(Event(told)), [&](const std::string& line) {
    const auto event = decode_event(line);
    REQUIRE(event);
    files = std::get<Prepared>(*event).bad_files.size();
  });
  CHECK(files == 20'000);
}

TEST_CASE("noise on the pipe is not an event") {
  for (const char* line : {"", "\n", "[1]", "{}", "{\"event\":1}", "{\"event\":\"epoch\"}",
                           "\xff\xfe", "{\"event\":\"epoch\",\"number\":\"x\"}",
                           "{\"event\":\"failed\",\"cause\":\"tired\",\"message\":\"\"}"})
    CHECK_FALSE(decode_event(line));
  CHECK_FALSE(decode_event(std::string(2 << 20, '{')));
}

TEST_CASE("the recipe leaves out what a sweep varies, the fingerprint does not") {
  TrialSpec a, b;
  b.architecture = "resnet18", b.training.learning_rate = 1, b.training.seed = 7;
  CHECK(recipe_hash(a) == recipe_hash(b));
  CHECK(fingerprint(a) != fingerprint(b));
  b.training.epochs = 9;
  CHECK(recipe_hash(a) != recipe_hash(b));
}

TEST_CASE(
    "a trajectory is the training without how long it is, where that changes no step before") {
  TrialSpec a;
  a.architecture = "resnet18";
  auto b = a;
  b.measurement.seconds *= 2;
  CHECK(trajectory_hash(a) == trajectory_hash(b));
  b = a;
  SECTION("another training") {
    b.training.seed = 7;
    CHECK(trajectory_hash(a) != trajectory_hash(b));
    b = a, b.dataset.root = "/elsewhere";
    CHECK(trajectory_hash(a) != trajectory_hash(b));
    b = a, b.training.micro_batch = 8;
    CHECK(trajectory_hash(a) != trajectory_hash(b));
  }
  SECTION("a schedule that looks at the end") {
    for (const auto* schedule : {"one_cycle", "cosine"}) {
      a.training.schedule = b.training.schedule = schedule;
      a.training.warmup = b.training.warmup = 0;
      b.training.epochs = a.training.epochs + 1;
      CHECK(trajectory_hash(a) != trajectory_hash(b));
    }
  }
  SECTION("a constant rate, but a warm-up that is a share of all steps") {
    a.training.schedule = b.training.schedule = "constant";
    b.training.epochs = a.training.epochs + 1;
    CHECK(trajectory_hash(a) != trajectory_hash(b));
    a.training.warmup = b.training.warmup = 0;
    CHECK(trajectory_hash(a) == trajectory_hash(b));
    CHECK(fingerprint(a) != fingerprint(b));
  }
}

TEST_CASE("a spec of before micro-batches is the spec that leaves them to the worker") {
  TrialSpec spec;
  const auto json = to_json(spec);
  CHECK_FALSE(json["training"].contains("micro_batch"));
  CHECK(fingerprint(spec_from_json(json)) == fingerprint(spec));
  auto fixed = spec;
  fixed.training.micro_batch = 4;
  CHECK(fingerprint(fixed) != fingerprint(spec));
  CHECK(spec_from_json(to_json(fixed)).training.micro_batch == 4);
}

TEST_CASE("training batch sizes are a benchmark's: without them a spec is what it always was") {
  TrialSpec spec;
  CHECK_FALSE(to_json(spec)["measurement"].contains("train_batch_sizes"));
  const auto without = fingerprint(spec);
  CHECK(spec_from_json(to_json(spec)).measurement.train_batch_sizes.empty());
  spec.measurement.train_batch_sizes = {8, 32};
  CHECK(fingerprint(spec) != without);
  CHECK(spec_from_json(to_json(spec)).measurement.train_batch_sizes == std::vector{8, 32});
}

TEST_CASE("a measurement survives its line, samples and conditions to the bit") {
  const results::Measurement m{.kind = "train_step",
                               .batch_size = 32,
                               .dtype = "bfloat16",
                               .layout = "contiguous",
                               .image_size = 224,
                               .protocol = 2,
                               .seconds = {0.1, 1.0 / 3, 1e-9},
                               .conditions = R"({"before":{"mhz":1.5}})"};
  const auto event = decode_event(encode(Event(m)));
  REQUIRE(event);
  const auto& again = std::get<results::Measurement>(*event);
  CHECK(again.kind == m.kind);
  CHECK(again.seconds == m.seconds);
  CHECK(again.conditions == m.conditions);
}
