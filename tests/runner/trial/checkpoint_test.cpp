#include "tests/runner/trial/small_trial.h"

#include "runner/trial/train/checkpoint.h"

#include <cmath>
#include <set>

#include "runner/support/error.h"
#include "runner/trial/data/files.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;

namespace {

// Everything of an epoch but how long it took.
void check_equal(const std::vector<results::Epoch>& a, const std::vector<results::Epoch>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    CHECK(a[i].number == b[i].number);
    CHECK(a[i].train_loss == b[i].train_loss);
    CHECK(a[i].train_top1 == b[i].train_top1);
    CHECK(a[i].valid_loss == b[i].valid_loss);
    CHECK(a[i].valid_top1 == b[i].valid_top1);
    CHECK(std::isnan(a[i].plain_top1) == std::isnan(b[i].plain_top1));
    CHECK(a[i].learning_rate == b[i].learning_rate);
  }
}

bool same_state(const archs::NamedTensors& a, const archs::NamedTensors& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i].first != b[i].first || !a[i].second.equal(b[i].second)) return false;
  return true;
}

bool same_state(const std::string& a, const std::string& b) {
  return same_state(read_checkpoint(a).state, read_checkpoint(b).state);
}

std::string fault_of(const std::string& path) {
  try {
    read_checkpoint(path);
    return "";
  } catch (const Error& e) {
    return e.what();
  }
}

}  // namespace

TEST_CASE("a training that pauses after each epoch is the training that does not, to the bit") {
  const SmallTrial small;
  auto whole = small.job("whole"), parts = small.job("parts");
  auto& t = whole.spec.training;
  // Dropout and drop path draw from LibTorch's generator, augmentation from the loader's.
  whole.spec.augmentation = {{"random_crop", {{"padding", 2}}},
                             {"horizontal_flip", {{"probability", 0.5}}}};
  SECTION("AdamW, attention") {
    t.drop_rate = 0.3, t.drop_path_rate = 0.2;
  }
  SECTION("SGD, batch norm") {
    whole.spec.architecture = "test_resnet";
    t.optimizer = "sgd", t.schedule = "cosine", t.learning_rate = 0.05, t.drop_rate = 0.3;
  }
  SECTION("Muon, average of the weights, batch norm") {
    whole.spec.architecture = "test_resnet";
    t.optimizer = "muon", t.ema = 0.95, t.ema_warmup = true;
  }
  SECTION("Adan, gradients clipped") {
    t.optimizer = "adan", t.clip_grad_agc = 0.01, t.clip_grad_value = 0.1;
  }
  SECTION("parts of a batch") {
    t.micro_batch = 5;
  }
  SECTION("float16, whose loss is scaled") {
    t.precision = "float16", t.micro_batch = 5;
  }
  parts.spec = whole.spec;
  const auto at_once = small.run(whole);
  REQUIRE(at_once.done.size() == 1);

  for (int epoch = 1; epoch <= 2; ++epoch) {
    parts.until_epoch = epoch;
    const auto said = small.run(parts);
    CHECK(said.done.empty());
    REQUIRE(said.paused.size() == 1);
    CHECK(said.paused[0].epoch == epoch);
    CHECK(said.paused[0].checkpoint_bytes == double(std::filesystem::file_size(parts.checkpoint)));
    CHECK(said.epochs.size() == std::size_t(epoch));
  }
  CHECK_FALSE(same_state(whole.checkpoint, parts.checkpoint));
  parts.until_epoch = 0;
  const auto in_parts = small.run(parts);
  REQUIRE(in_parts.done.size() == 1);
  check_equal(in_parts.epochs, at_once.epochs);
  CHECK(same_state(whole.checkpoint, parts.checkpoint));
  // Without a checkpoint it is the same again.
  check_equal(small.run(small.job()).epochs, small.run(small.job("fresh")).epochs);
}

TEST_CASE("a pause that is over already, and one that a finished trial is past") {
  const SmallTrial small;
  auto job = small.job("c");
  job.until_epoch = 2;
  small.run(job);
  job.until_epoch = 1;
  const auto again = small.run(job);
  REQUIRE(again.paused.size() == 1);
  CHECK(again.paused[0].epoch == 2);
  CHECK(again.epochs.size() == 2);
  job.until_epoch = 3;
  CHECK(small.run(job).done.size() == 1);
  job.until_epoch = 0;
  const auto finished = small.run(job);  // a worker that was killed after its last epoch
  CHECK(finished.done.size() == 1);
  CHECK(finished.epochs.size() == 3);
}

TEST_CASE("times and peak memory add up over a pause") {
  const SmallTrial small;
  auto job = small.job("c");
  job.until_epoch = 1;
  const auto first = small.run(job);
  auto saved = read_checkpoint(job.checkpoint);
  CHECK(saved.standing.train_memory_bytes > 0);
  // As if the first epoch had needed a great deal.
  saved.standing.train_memory_bytes = 1e15;
  saved.standing.epochs[0].seconds = 4321;
  write_checkpoint(job.checkpoint, saved.standing, saved.state);
  job.until_epoch = 0;
  const auto rest = small.run(job);
  REQUIRE(rest.done.size() == 1);
  CHECK(rest.done[0].train_memory_bytes == 1e15);
  REQUIRE(rest.epochs.size() == 3);
  CHECK(rest.epochs[0].seconds == 4321);
  CHECK(first.epochs[0].valid_loss == rest.epochs[0].valid_loss);
}

TEST_CASE("more epochs go on from a checkpoint only where its learning rates stay true") {
  const SmallTrial small;
  auto job = small.job("c");
  SECTION("constant") {
    job.spec.training.schedule = "constant", job.spec.training.warmup = 0;
    small.run(job);
    job.spec.training.epochs = 5;
    auto whole = job;
    whole.checkpoint = small.path("whole");
    auto kept = read_checkpoint(job.checkpoint);
    kept.standing.epochs[0].seconds = 4321;  // to know it again
    write_checkpoint(job.checkpoint, kept.standing, kept.state);
    const auto longer = small.run(job);
    check_equal(longer.epochs, small.run(whole).epochs);
    CHECK(longer.epochs[0].seconds == 4321);
    CHECK(same_state(job.checkpoint, whole.checkpoint));
    CHECK(read_checkpoint(job.checkpoint).standing.spec.training.epochs == 5);
  }
  SECTION("one cycle") {
    small.run(job);
    const auto before = read_checkpoint(job.checkpoint).standing;
    auto now = before;
    now.spec.training.epochs = 5;
    CHECK_THAT(obstacle(before, now), Contains("of 3 epochs, and 5 have other learning rates"));
    job.spec.training.epochs = 5;
    auto whole = job;
    whole.checkpoint = "";
    check_equal(small.run(job).epochs, small.run(whole).epochs);
  }
}

TEST_CASE("what a checkpoint does not fit is named") {
  Standing saved{.worker = "1", .device = "cpu", .split_hash = "s"};
  saved.spec.training.schedule = "constant", saved.spec.training.warmup = 0;
  saved.epochs.resize(3);
  CHECK(obstacle(saved, saved) == "");
  auto now = saved;
  SECTION("experiment") {
    now.spec.training.learning_rate *= 2;
    CHECK_THAT(obstacle(saved, now), Contains("another experiment"));
  }
  SECTION("version") {
    now.worker = "2";
    CHECK_THAT(obstacle(saved, now), Contains("archsweep 1 wrote it, this is 2"));
  }
  SECTION("data") {
    now.split_hash = "t";
    CHECK_THAT(obstacle(saved, now), Contains("data set has changed"));
  }
  SECTION("device") {
    now.device = "cuda";
    CHECK_THAT(obstacle(saved, now), Contains("trained on cpu, this is cuda"));
  }
  SECTION("fewer epochs") {
    now.spec.training.epochs = 2;
    CHECK_THAT(obstacle(saved, now), Contains("3 epochs, more than 2"));
  }
  SECTION("measurement is no part of it") {
    now.spec.measurement.seconds *= 2;
    CHECK(obstacle(saved, now) == "");
  }
}

TEST_CASE("a checkpoint cut short or with other bytes in it is never taken for whole") {
  const SmallTrial small;
  auto job = small.job("c");
  job.until_epoch = 1;
  small.run(job);
  const auto good = read_file(job.checkpoint);
  const auto original = read_checkpoint(job.checkpoint);
  REQUIRE(good.size() > 10'000);
  const auto header = std::size_t(std::uint8_t(good[0])) | std::size_t(std::uint8_t(good[1])) << 8 |
                      std::size_t(std::uint8_t(good[2])) << 16;
  Random random(7);
  const auto damaged = [&](const std::string& bytes) {
    std::ofstream(small.path("bad"), std::ios::binary) << bytes;
    return fault_of(small.path("bad"));
  };
  for (int i = 0; i < 100; ++i) {
    const auto length = random.below(good.size());
    INFO("cut at " << length);
    CHECK(damaged(good.substr(0, length)) != "");
  }
  CHECK(damaged(good + '\0') != "");
  for (int i = 0; i < 300; ++i) {
    auto bytes = good;
    // The header is the smaller part and has the more to go wrong.
    const auto at = random.below(i % 2 ? header + 8 : bytes.size());
    const auto old = bytes[at];
    bytes[at] = char(std::uint8_t(old) ^ (1u << random.below(8)));
    INFO("at " << at << ": " << int(old) << " -> " << int(bytes[at]));
    if (damaged(bytes) ==
        "") {  // only where the bytes mean the same, such as blanks after the header
      const auto read = read_checkpoint(small.path("bad"));
      CHECK(same_state(read.state, original.state));
      CHECK(read.standing.epochs.size() == original.standing.epochs.size());
      CHECK(fingerprint(read.standing.spec) == fingerprint(original.standing.spec));
    }
  }

  // And the trial is then as one without.
  auto fresh = small.job();
  auto bytes = good;
  bytes[bytes.size() / 2] ^= 1;
  std::ofstream(job.checkpoint, std::ios::binary) << bytes;
  job.until_epoch = 0;
  check_equal(small.run(job).epochs, small.run(fresh).epochs);
  CHECK(read_checkpoint(job.checkpoint).standing.epochs.size() == 3);  // and has replaced it
}

TEST_CASE("a file that is no checkpoint, or of another network, is refused") {
  const SmallTrial small;
  CHECK_THAT(fault_of(TEST_DATA "/weights/every_dtype.safetensors"),
             Contains("not a checkpoint of archsweep"));
  CHECK(fault_of(TEST_DATA "/images/rgb.png") != "");
  auto job = small.job("c");
  job.until_epoch = 1;
  small.run(job);
  // The network of another spec under this spec's name.
  const auto vit = read_checkpoint(job.checkpoint);
  auto other = small.job("other");
  other.until_epoch = 1;
  other.spec.architecture = "test_resnet";
  small.run(other);
  write_checkpoint(job.checkpoint, vit.standing, read_checkpoint(other.checkpoint).state);
  job.until_epoch = 0;
  check_equal(small.run(job).epochs, small.run(small.job()).epochs);
}

TEST_CASE("a checkpoint that cannot be written costs no training") {
  const SmallTrial small;
  auto job = small.job();
  job.checkpoint = "/nowhere/c";
  check_equal(small.run(job).epochs, small.run(small.job()).epochs);
  job.until_epoch = 2;
  const auto said = small.run(job);
  REQUIRE(said.paused.size() == 1);
  CHECK(said.paused[0].checkpoint_bytes == 0);
}

TEST_CASE("what killed workers left of their writing is removed") {
  const SmallTrial small;
  auto job = small.job("c");
  job.spec.training.epochs = 1;
  small.folder.write("c.123.partial", "half");
  small.folder.write("d.123.partial", "another's");
  small.run(job);
  std::set<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(small.folder.path))
    names.insert(entry.path().filename());
  CHECK(names == std::set<std::string>{"c", "cache", "d.123.partial", "data", "journal"});
}
