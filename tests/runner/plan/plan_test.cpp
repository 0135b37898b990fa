#include "runner/plan/plan.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::runner;
using Names = std::vector<std::string>;

namespace {

struct Place : Folder {
  Place() {
    std::filesystem::create_directories(path / "data");
    std::filesystem::create_directories(path / "more");
  }
  std::vector<PlannedTrial> plan(const std::string& text, const Names& overrides = {}) const {
    write("c.yaml", text);
    return make_plan(read_config(path / "c.yaml", overrides));
  }
  // Of the single trial that the text stands for.
  std::string print(const std::string& text, const Names& overrides = {}) const {
    const auto trials = plan(text, overrides);
    REQUIRE(trials.size() == 1);
    return trials[0].fingerprint;
  }
};

const std::string base = R"(dataset: {kind: image_folder, root: data, image_size: 32}
architectures: [test_resnet]
training: {epochs: 3, batch_size: 8}
augmentation: light
)";

}  // namespace

TEST_CASE("a plan is candidates x learning rates x seeds, each once") {
  const Place place;
  const auto plan = place.plan(
      base, {"learning_rate=[0.1, 0.2]", "training.seeds=3",
             "architectures=[test_resnet, test_vit, {name: lcnet_050, learning_rate: 1}]"});
  CHECK(plan.size() == 2 * 2 * 3 + 1 * 3);
  std::set<std::string> prints;
  for (const auto& t : plan) {
    CHECK(t.fingerprint == fingerprint(t.spec));
    prints.insert(t.fingerprint);
  }
  CHECK(prints.size() == plan.size());
}

TEST_CASE("cheapest first within a family, families in turn") {
  const Place place;
  const auto plan = place.plan(
      base,
      {"architectures=[{name: resnet18, epochs: 99}, resnet34, resnet50, vit_base_patch16_224, "
       "{name: vit_small_patch16_224, epochs: 99}, convnext_tiny]",
       "dataset.image_size=224"});
  std::map<std::string, double> last;
  std::map<std::string, int> turn;
  int round = 0;
  for (const auto& t : plan) {
    CHECK(t.cost >= last[t.family]);
    last[t.family] = t.cost;
    const int now = ++turn[t.family];
    CHECK(now >= round);  // no family has its second before every other has its first
    round = now;
  }
  const auto place_of = [&](const std::string& name) {
    return std::ranges::find(plan, name, [](const auto& t) { return t.spec.architecture; }) -
           plan.begin();
  };
  CHECK(place_of("resnet34") < place_of("resnet50"));
  CHECK(place_of("resnet50") < place_of("resnet18"));  // 99 epochs of it
  CHECK(place_of("vit_base_patch16_224") < place_of("vit_small_patch16_224"));
  CHECK(place_of("convnext_tiny") < 3);
}

TEST_CASE("sizes of a family take turns too") {
  const Place place;
  const auto plan =
      place.plan(base, {"architectures=[resnet18, {name: resnet34, image_size: 64}, resnet50]"});
  Names names;
  for (const auto& t : plan) names.push_back(t.spec.architecture);
  CHECK(names == Names{"resnet18", "resnet34", "resnet50"});
}

TEST_CASE("cost goes with epochs, samples and the image's area") {
  const Place place;
  const auto cost = [&](const Names& overrides) { return place.plan(base, overrides).at(0).cost; };
  const double one = cost({"dataset.train_samples=100"});
  CHECK(cost({"dataset.train_samples=200"}) == Approx(2 * one));
  CHECK(cost({"dataset.train_samples=100", "training.epochs=6"}) == Approx(2 * one));
  // Only nearly: what a sample costs besides its arithmetic stays.
  CHECK(cost({"dataset.image_size=1280"}) ==
        Approx(4 * cost({"dataset.image_size=640"})).epsilon(0.01));
}

TEST_CASE("what changes no outcome changes no fingerprint") {
  const Place place;
  const auto print = place.print(base);
  CHECK(place.print("# a study\n" + base + "\n# its end\n") == print);
  CHECK(place.print(R"(augmentation:
  - {random_crop: {padding: 4}}
  - horizontal_flip: 0.5
training:
  batch_size: 8
  optimizer: adamw   # the default, written out
  weight_decay: 0.01
  momentum: 0.9
  beta2: 0.99
  eps: 1e-5
  ema_warmup: false
  epochs: 3
  seeds: 1
learning_rate: [1e-3]
architectures: ["test_resne?", "!test_resnetz*"]
dataset:
  image_size: 32
  stored_size: 32
  channels: 3
  root: ./data/../data
  kind: image_folder
)") == print);
  CHECK(place.print(base, {"learning_rate=0.001", "output.name=x", "output.database=y.db",
                           "scheduler.slots=7", "scheduler.device=cpu",
                           "scheduler.trial_time_limit=2h", "scheduler.early_stopping=halving",
                           "scheduler.eta=4", "scheduler.preflight=always", "scheduler.budget=8h",
                           "scheduler.until=07:00", "output.keep_checkpoints=true"}) == print);
  // What it was when this was written: a later version must find the rows of this one. The data
  // folder's own name is left out.
  auto spec = place.plan(base).at(0).spec;
  spec.dataset.root = "/data";
  CHECK(fingerprint(spec).substr(0, 12) == "16afaf4dc478");
  // The same trial within a larger sweep.
  const auto larger =
      place.plan(base, {"architectures=[test_resnet, test_vit]", "training.seeds=2"});
  CHECK(std::ranges::count(larger, print, &PlannedTrial::fingerprint) == 1);
}

TEST_CASE("what can change an outcome changes the fingerprint") {
  const Place place;
  std::set<std::string> prints{place.print(base)};
  const Names changes{
      "architectures=[test_vit]",
      "learning_rate=0.002",
      "training.seeds=[1]",
      "training.epochs=4",
      "training.batch_size=16",
      "training.optimizer=sgd",
      "training.weight_decay=0.02",
      "training.momentum=0.8",
      "training.beta2=0.9",
      "training.eps=1e-8",
      "training.schedule=cosine",
      "training.warmup=0.1",
      "training.label_smoothing=0.1",
      "training.drop_rate=0.1",
      "training.drop_path_rate=0.1",
      "training.clip_grad_norm=1",
      "training.clip_grad_value=1",
      "training.clip_grad_agc=1",
      "training.ema=0.9",
      "training={ema: 0.9, ema_warmup: false}",
      "training.precision=bfloat16",
      "training.layout=channels_last",
      "augmentation=none",
      "augmentation=[horizontal_flip, random_crop]",
      "augmentation=[{random_crop: 5}, horizontal_flip]",
      "dataset.root=more",
      "dataset.kind=idx",
      "dataset.image_size=31",
      "dataset.stored_size=40",
      "dataset.resize=pad",
      "dataset.channels=1",
      "dataset.valid_fraction=0.3",
      "dataset.split_seed=1",
      "dataset.train_samples=10",
      "dataset.valid_samples=10",
      "dataset.bad_images=fail",
      "measurement.batch_sizes=[1, 2]",
      "measurement.seconds=2",
      "measurement.enabled=false",
  };
  for (const auto& change : changes) {
    INFO(change);
    prints.insert(place.print(base, {change}));
  }
  CHECK(prints.size() == changes.size() + 1);
}
