#include "tests/runner/config/place.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;

TEST_CASE("the least config: defaults for all the rest") {
  const Place place;
  const auto config = place.read(one);
  CHECK(names(config) == Names{"test_resnet"});
  const auto& c = config.candidates[0];
  CHECK(c.learning_rates == Rates{1e-3});
  CHECK(c.training.epochs == 5);
  CHECK(c.dataset.image_size == 32);
  CHECK(c.dataset.stored_size == 32);
  CHECK(c.dataset.root == std::filesystem::canonical(place.path / "data"));
  CHECK(config.seeds == std::vector<std::uint64_t>{0});
  CHECK(config.augmentation.empty());
  CHECK(config.measurement.batch_sizes == std::vector{1, 32});
  CHECK(config.output.name == "c");
  CHECK(config.output.database == "c.db");
  CHECK(config.output.folder == "c-files");
  CHECK(config.output.plots.empty());
  CHECK(config.scheduler.slots == 0);
  CHECK(config.scheduler.trial_time_limit == 0);
}

TEST_CASE("architectures: names, globs and exclusions, in natural order, none twice") {
  const Place place;
  const auto of = [&](const std::string& list) {
    return names(place.read(data + "architectures: " + list));
  };
  CHECK(of("[resnet101, resnet18]") == Names{"resnet18", "resnet101"});
  CHECK(of("['test_convnext*', test_convnext2]") ==
        Names{"test_convnext", "test_convnext2", "test_convnext3"});
  CHECK(of("['test_convnext*', '!*2']") == Names{"test_convnext", "test_convnext3"});
  CHECK(of("['test_convnext[23]', '!test_convnext[!2]']") == Names{"test_convnext2"});
  CHECK(of("['test_convnext?', '!*3', test_convnext3]") ==
        Names{"test_convnext2", "test_convnext3"});
  CHECK(of("['!*3', 'test_convnext?']") == Names{"test_convnext2"});
  CHECK_THAT(place.faults(data + "architectures: [test_vit, '!tset_vit']"),
             Contains("c.yaml:2:27: architectures: '!tset_vit' matches nothing; did you mean "
                      "'test_vit'?"));
  CHECK_THAT(place.faults(data + "architectures: [test_vit, '!test_*']"),
             Contains("c.yaml:2:16: architectures: everything is excluded"));
}

TEST_CASE("an entry's own values hold for it alone; the later entry decides") {
  const Place place;
  const auto config = place.read(data + R"(
learning_rate: [0.1, 0.2]
training: {epochs: 3, batch_size: 16}
architectures:
  - "test_convnext*"
  - {name: test_convnext2, learning_rate: 0.5, epochs: 9, optimizer: sgd, image_size: 64}
  - {name: "test_convnext[3]", learning_rate: {from: 0.001, to: 0.1, points: 3}, drop_rate: 0.5}
)");
  REQUIRE(names(config) == Names{"test_convnext", "test_convnext2", "test_convnext3"});
  const auto &plain = config.candidates[0], &second = config.candidates[1],
             &third = config.candidates[2];
  CHECK(plain.learning_rates == Rates{0.1, 0.2});
  CHECK(plain.training.epochs == 3);
  CHECK(plain.training.optimizer == "adamw");
  CHECK(plain.dataset.image_size == 32);
  CHECK(second.learning_rates == Rates{0.5});
  CHECK(second.training.epochs == 9);
  CHECK(second.training.batch_size == 16);
  CHECK(second.training.optimizer == "sgd");
  CHECK(second.dataset.image_size == 64);
  CHECK(second.dataset.stored_size == 64);
  CHECK(third.learning_rates == Rates{0.001, 0.01, 0.1});
  CHECK(third.training.drop_rate == 0.5);
  CHECK(third.training.epochs == 3);
}

TEST_CASE("augmentation: a preset or a list of steps; zooming needs larger stored images") {
  const Place place;
  const auto of = [&](const std::string& text) {
    return place.read(one + "augmentation: " + text);
  };
  CHECK(of("none").augmentation.empty());
  const auto light = of("light").augmentation;
  REQUIRE(light.size() == 2);
  CHECK(light[0].name == "random_crop");
  CHECK(light[0].parameters.at("padding") == 4);
  CHECK(light[1].name == "horizontal_flip");
  const auto steps =
      of("[{random_crop: 2}, {random_resized_crop: {min_scale: 0.5}}, horizontal_flip]");
  REQUIRE(steps.augmentation.size() == 3);
  CHECK(steps.augmentation[0].parameters.at("padding") == 2);
  CHECK(steps.augmentation[1].parameters.at("min_scale") == 0.5);
  CHECK(steps.augmentation[1].parameters.at("max_scale") == 1);
  CHECK(steps.candidates[0].dataset.stored_size == 37);
  CHECK_THAT(place.faults(one + "augmentation: ligt"),
             Contains("c.yaml:3:15: augmentation: 'ligt'") && Contains("did you mean 'light'"));
  CHECK_THAT(place.faults(one + "augmentation: [{random_crop: {pad: 1}}]"),
             Contains("c.yaml:3:31: unknown key 'augmentation.random_crop.pad'"));
  CHECK_THAT(
      place.faults(one + "augmentation: [{horizontal_flip: 2}]"),
      Contains("c.yaml:3:34: augmentation.horizontal_flip.probability: must be from 0 to 1"));
  CHECK_THAT(place.faults(one + "augmentation: [flip]"), Contains("unknown step 'flip'"));
  CHECK(of("fastai").augmentation.at(0).parameters.at("max_warp") == 0.2);
  const auto timm = of("timm");
  CHECK(timm.augmentation.at(0).parameters.at("min_scale") == 0.08);
  CHECK(timm.augmentation.at(2).name == "color_jitter");
  CHECK(timm.candidates[0].dataset.stored_size == 37);
  CHECK(of("[horizontal_flip, trivial_augment, {random_erasing: 0.1}]").augmentation.size() == 3);
  CHECK_THAT(place.faults(one + "augmentation: [trivial_augment, random_crop]"),
             Contains("c.yaml:3:33: augmentation: random_crop works on single images: put it "
                      "before trivial_augment"));
  CHECK_THAT(place.faults(one + "augmentation: [{trivial_augment: 2}]"),
             Contains("augmentation.trivial_augment: has no parameters"));
}

TEST_CASE("every word for an augmentation stands for steps that there are") {
  const Place place;
  for (const auto& word : augment_words()) {
    INFO(word.name);
    CHECK(place.read(one + "augmentation: " + std::string(word.name)).augmentation.empty() ==
          (word.name == "none"));
  }
}

TEST_CASE("seeds: how many, or which") {
  const Place place;
  using Seeds = std::vector<std::uint64_t>;
  const auto of = [&](const std::string& text) {
    return place.read(one + "training: {seeds: " + text + "}").seeds;
  };
  CHECK(of("3") == Seeds{0, 1, 2});
  CHECK(of("[7, 42, 7]") == Seeds{7, 42});
  for (const auto* wrong : {"0", "-1", "1.5", "many", "[]", "[-1]", "{a: 1}", "2000"}) {
    INFO(wrong);
    CHECK_THAT(place.faults(one + "training: {seeds: " + wrong + "}"),
               Contains("c.yaml:3:") && Contains("training.seeds"));
  }
}

TEST_CASE("extends: maps are merged, all else is replaced, and the nearer file decides") {
  const Place place;
  place.write("base.yaml", one + "training: {epochs: 1, batch_size: 8, seeds: 2}\n");
  place.write("middle.yaml",
              "extends: base.yaml\ntraining: {epochs: 2}\nlearning_rate: [0.1, 0.2]\n");
  const auto config =
      place.read("extends: middle.yaml\narchitectures: [test_vit]\nlearning_rate: 0.3\n");
  CHECK(names(config) == Names{"test_vit"});
  CHECK(config.candidates[0].learning_rates == Rates{0.3});
  CHECK(config.candidates[0].training.epochs == 2);
  CHECK(config.candidates[0].training.batch_size == 8);
  CHECK(config.seeds.size() == 2);
  CHECK(config.output.name == "c");
  CHECK_THAT(config.source, Contains("batch_size: 8") && Contains("architectures: [test_vit]"));

  CHECK_THAT(place.faults("extends: none.yaml"), Contains("c.yaml:1:10: extends: no file"));
  CHECK_THAT(place.faults("extends: c.yaml"), Contains("c.yaml:1:10:") && Contains("circle"));
  CHECK_THAT(place.faults("extends: [base.yaml]"), Contains("c.yaml:1:10: extends: expected"));
  // A fault is told where it stands, not where it is taken over.
  place.write("base.yaml", one + "training: {epochs: no}\n");
  CHECK_THAT(place.faults("extends: base.yaml"), Contains("base.yaml:3:20: training.epochs"));
}

TEST_CASE("a data folder is looked for from the file that names it") {
  const Place place;
  place.write("studies/deep/c.yaml", "extends: ../base.yaml\n");
  std::filesystem::create_directories(place.path / "studies/data");
  place.write("studies/base.yaml", one);
  const auto config = read_config(place.path / "studies/deep/c.yaml");
  CHECK(config.dataset.root == std::filesystem::canonical(place.path / "studies/data"));
}

TEST_CASE("overrides by --set replace values, in order, and are named in faults") {
  const Place place;
  const auto config = place.read(
      one + "training: {epochs: 1}\n",
      {"training.epochs=2", "training.epochs=3", "output.name=other", "learning_rate=[0.1, 0.2]",
       "architectures=['test_convnext*']", "scheduler.slots=2"});
  CHECK(config.candidates.size() == 3);
  CHECK(config.candidates[0].training.epochs == 3);
  CHECK(config.candidates[0].learning_rates == Rates{0.1, 0.2});
  CHECK(config.output.database == "other.db");
  CHECK(config.scheduler.slots == 2);
  CHECK_THAT(config.source, Contains("# --set training.epochs=3"));

  CHECK(place.faults(one, {"training.epoch=2"}) ==
        "--set training.epoch: unknown key 'training.epoch'; did you mean 'epochs'?");
  CHECK_THAT(place.faults(one, {"training.epochs=two"}),
             Contains("--set training.epochs: training.epochs: expected a whole number"));
  CHECK_THAT(place.faults(one, {"training=5"}), Contains("training: expected a mapping"));
  for (const auto* wrong :
       {"training.epochs", "=2", "training.epochs=[1", "training..epochs=1", "=", ""}) {
    INFO(wrong);
    CHECK_THAT(place.faults(one, {wrong}), Contains("--set"));
  }
}

TEST_CASE("limits, slots and places of output") {
  const Place place;
  const auto config =
      place.read(one + "scheduler: {slots: 4, trial_time_limit: 1.5h, threads: 2, device: cpu}\n" +
                 "output: {name: n, database: d.db, folder: f, plots: [a.html, b.svg, c.png]}\n");
  CHECK(config.scheduler.slots == 4);
  CHECK(config.scheduler.trial_time_limit == 5400);
  CHECK(config.scheduler.device == "cpu");
  CHECK(place.read(one + "scheduler: {trial_time_limit: 30m}").scheduler.trial_time_limit == 1800);
  CHECK(place.read(one + "scheduler: {trial_time_limit: 90s}").scheduler.trial_time_limit == 90);
  CHECK(config.scheduler.trial_memory == 0);
  CHECK(place.read(one + "scheduler: {trial_memory: 2GiB}").scheduler.trial_memory == 2147483648.);
  CHECK(config.output.database == "d.db");
  CHECK(config.output.folder == "f");
  CHECK(config.output.plots.size() == 3);
  for (const auto* wrong : {"slots: 0",
                            "slots: 2x",
                            "slots: many",
                            "trial_memory: much",
                            "trial_memory: 0",
                            "trial_memory: -1GB",
                            "trial_time_limit: 5",
                            "trial_time_limit: 2w",
                            "trial_time_limit: -1s",
                            "trial_time_limit: h",
                            "device: tpu",
                            "threads: -1",
                            "early_stopping: yes",
                            "eta: 1",
                            "eta: 11",
                            "eta: 2.5",
                            "margin: -0.1",
                            "margin: 1",
                            "preflight: true",
                            "budget: 8",
                            "budget: 0h",
                            "until: 7",
                            "until: 7:0",
                            "until: 24:00",
                            "until: 07:60",
                            "until: -1:30",
                            "until: 07:00:00",
                            "preflight: never, early_stopping: frontier"}) {
    INFO(wrong);
    CHECK_THAT(place.faults(one + "scheduler: {" + wrong + "}"), Contains("c.yaml:3:"));
  }
  CHECK(place.read(one + "scheduler: {budget: 8h}").scheduler.budget == 8 * 3600);
  CHECK(place.read(one + "scheduler: {budget: 2d}").scheduler.budget == 2 * 86400);
  CHECK(place.read(one + "output: {cache_gib: 2.5}").output.cache_gib == 2.5);
  CHECK(place.read(one + "scheduler: {until: 07:00}").scheduler.until == 7 * 60);
  CHECK(place.read(one + "scheduler: {until: '23:59'}").scheduler.until == 24 * 60 - 1);
  CHECK(place.read(one + "scheduler: {until: none, budget: none}").scheduler.until == -1);
  CHECK(place.read(one).scheduler.early_stopping == "none");
  CHECK(place.read(one + "output: {keep_checkpoints: true}").output.keep_checkpoints);
  for (const auto* wrong :
       {"keep_checkpoints: 1", "checkpoint_gib: -1", "checkpoint_gib: 5GiB", "cache_gib: -1",
        "name: a/b", "database: no/such/folder/x.db", "folder: no/such/x", "plots: [a.jpg]",
        "plots: a.svg", "plots: [[a.svg]]", "plots: [no/such/a.svg]"}) {
    INFO(wrong);
    CHECK_THAT(place.faults(one + "output: {" + wrong + "}"), Contains("c.yaml:3:"));
  }
}

TEST_CASE("what the tasks of Slurm ask for") {
  const Place place;
  const auto slurm =
      place
          .read(one +
                "slurm: {partition: gpu, account: us, gpus: a100:1, time: 4h, memory: 16GiB, "
                "extra: --nice --exclude=n1}")
          .scheduler.slurm;
  CHECK(slurm.partition == "gpu");
  CHECK(slurm.account == "us");
  CHECK(slurm.gpus == "a100:1");
  CHECK(slurm.time == 4 * 3600);
  CHECK(slurm.memory == 16.0 * (1 << 30));
  CHECK(slurm.extra == "--nice --exclude=n1");
  const auto usual = place.read(one).scheduler.slurm;
  CHECK_FALSE(usual.is_used);
  CHECK(usual.gpus == "none");
  CHECK(usual.time + usual.memory == 0);
  CHECK(place.read(one + "scheduler: {device: cuda}").scheduler.slurm.gpus == "1");
  for (const auto* wrong : {"time: 4", "time: none", "memory: 16", "memory: much", "nodes: 3"}) {
    INFO(wrong);
    CHECK_THAT(place.faults(one + "slurm: {" + wrong + "}"), Contains("c.yaml:3:"));
  }
  CHECK_THAT(place.faults(one + "slurm: {gpus: 1}\nscheduler: {device: cpu}"),
             Contains("c.yaml:3:15: slurm.gpus: scheduler.device is cpu"));
}

TEST_CASE("quoted numbers are words, and absent values are named") {
  const Place place;
  CHECK_THAT(place.faults(one + "training: {epochs: '3'}"),
             Contains("expected a whole number, not '3'"));
  CHECK_THAT(place.faults(one + "training: {epochs: }"),
             Contains("expected a whole number, not nothing"));
  CHECK_THAT(place.faults(one + "training: {epochs: 1e99}"),
             Contains("c.yaml:3:20: training.epochs"));
  CHECK_THAT(place.faults(one + "training:"), Contains("expected a mapping of keys, not nothing"));
  CHECK_THAT(place.faults("dataset: {kind: idx}\narchitectures: [test_vit]"),
             Contains("c.yaml:1:10: dataset.root is missing"));
  CHECK_THAT(place.faults("dataset: {root: data}\narchitectures: [test_vit]"),
             Contains("c.yaml:1:10: dataset.kind is missing"));
  CHECK_THAT(place.faults(one + "measurement: {batch_sizes: 8}"), Contains("expected a list"));
}

TEST_CASE("a sweep has an end") {
  const Place place;
  const auto many = [&](const std::string& points) {
    return place.faults(data + "architectures: ['resnet*']\ntraining: {seeds: 1000}\n" +
                        "learning_rate: {from: 1e-4, to: 1e-2, points: " + points + "}");
  };
  CHECK_THAT(many("1000"), Contains("c.yaml:2:16: ") && Contains("a sweep has at most 100000"));
  CHECK(place
            .faults(one +
                    "training: {seeds: 1000}\nlearning_rate: {from: 1e-4, to: 1e-2, points: 100}")
            .empty());
}

TEST_CASE("every fault is told at once, each with its place") {
  const Place place;
  const std::string wrong = R"(extends: base.yaml
datset: 1
training:
  epochs: 0
  batch_siz: 8
  optimizer: rmsprop_tf
  warmup: lots
learning_rate:
  - 0.1
  - -0.1
measurement: {enabled: yes, batch_sizes: [1, 0]}
scheduler: fast
architectures:
  - resnet1
  - "nothing_*"
  - {name: test_vit, epoch: 3, learning_rate: x}
  - {learning_rate: 0.1}
  - [test_vit]
)";
  CHECK(place.faults(wrong) == "c.yaml:1:10: extends: no file 'base.yaml'");
  place.write("base.yaml", "dataset: {kind: idx, root: gone, channels: 2}\n");
  CHECK(place.faults(wrong) == R"(c.yaml:2:1: unknown key 'datset'; did you mean 'dataset'?
c.yaml:4:11: training.epochs: must be from 1 to 100000, not 0
c.yaml:5:3: unknown key 'training.batch_siz'; did you mean 'batch_size'?
c.yaml:6:14: training.optimizer: 'rmsprop_tf' is none of adamw, sgd, nesterov, adam, rmsprop, rmsproptf, lamb, lion, adan, muon; did you mean 'rmsproptf'?
c.yaml:7:11: training.warmup: expected a number, not 'lots'
c.yaml:11:24: measurement.enabled: expected true or false, not 'yes'
c.yaml:11:46: measurement.batch_sizes: must be from 1 to 65536, not 0
c.yaml:12:12: scheduler: expected a mapping of keys, not 'fast'
base.yaml:1:28: dataset.root: no folder 'gone'
base.yaml:1:10: dataset.channels: must be 1 or 3
c.yaml:10:5: learning_rate: expected a number above 0 and up to 1000, or find (valley, steep, minimum, slide), not '-0.1'
c.yaml:14:5: architectures: 'resnet1' matches nothing; did you mean 'resnet18'?
c.yaml:15:5: architectures: 'nothing_*' matches nothing
c.yaml:16:22: unknown key 'architectures.epoch'; did you mean 'epochs'?
c.yaml:16:47: learning_rate: expected a number above 0 and up to 1000, or find (valley, steep, minimum, slide), not 'x'
c.yaml:17:5: architectures: an entry is a name, or {name: ..., learning_rate: ...}
c.yaml:18:5: architectures: an entry is a name, or {name: ..., learning_rate: ...})");
}

TEST_CASE("a micro-batch is a number, or left to the worker by a word") {
  const Place place;
  const auto of = [&](const std::string& value) {
    return place.read(one + "training: {micro_batch: " + value + "}")
        .candidates.at(0)
        .training.micro_batch;
  };
  CHECK(place.read(one).candidates.at(0).training.micro_batch == 0);
  CHECK(of("auto") == 0);
  CHECK(of("8") == 8);
  CHECK(place.read(data + "architectures: [{name: test_resnet, micro_batch: 2}]")
            .candidates.at(0)
            .training.micro_batch == 2);
  CHECK_THAT(
      place.faults(one + "training: {micro_batch: many}"),
      Contains("c.yaml:3:25: training.micro_batch: expected auto or a whole number, not 'many'"));
  CHECK_THAT(place.faults(one + "training: {micro_batch: -1}"),
             Contains("must be from 0 to 65536"));
}
