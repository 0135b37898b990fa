#include "tests/runner/trial/small_trial.h"

#include <cmath>
#include <map>

#include "archs/network.h"
#include "archs/weights/tensors.h"
#include "runner/trial/data/image.h"
#include "runner/trial/failure.h"
#include "runner/trial/logits.h"
#include "runner/trial/train/checkpoint.h"
#include "runner/trial/train/trained.h"
#include "runner/trial/train/valid_logits.h"

using namespace archsweep;
using namespace archsweep::runner;

TEST_CASE("gradients of a batch in parts are those of the whole") {
  const SmallTrial small;
  auto job = small.job();             // attention and layer norm: no image sees another
  job.spec.training.batch_size = 13;  // in parts of 5: 4, 4 and 5
  job.spec.training.clip_grad_norm = 1;
  job.spec.training.label_smoothing = 0.1;
  const auto whole = small.run(job);
  REQUIRE(whole.done.size() == 1);
  CHECK(whole.done[0].micro_batch == 13);
  for (const int micro_batch : {1, 5, 100}) {
    INFO("in parts of " << micro_batch);
    job.spec.training.micro_batch = micro_batch;
    const auto parts = small.run(job);
    REQUIRE(parts.done.size() == 1);
    CHECK(parts.done[0].micro_batch == std::min(micro_batch, 13));
    REQUIRE(parts.epochs.size() == 3);
    for (std::size_t i = 0; i < 3; ++i) {
      CHECK(parts.epochs[i].train_loss == Approx(whole.epochs[i].train_loss).epsilon(1e-4));
      CHECK(parts.epochs[i].valid_loss == Approx(whole.epochs[i].valid_loss).epsilon(1e-4));
    }
  }
}

TEST_CASE("an average of the weights is validated and kept, and leaves the training as it is") {
  const SmallTrial small;
  auto job = small.job("c");
  job.spec.architecture = GENERATE("test_resnet", "test_vit");
  job.weights = small.path("plain");
  const auto plain = small.run(job);
  REQUIRE(plain.done.size() == 1);
  const auto weights_of = [&](const std::string& file) {
    const auto kept = read_trained(small.path(file)).weights;
    return std::map<std::string, torch::Tensor>(kept.begin(), kept.end());
  };
  const auto trained = weights_of("plain");

  std::filesystem::remove(job.checkpoint);
  job.weights = small.path("averaged");
  job.spec.training.ema = 0.9;
  const auto averaged = small.run(job);
  REQUIRE(averaged.done.size() == 1);
  REQUIRE(averaged.epochs.size() == plain.epochs.size());
  for (std::size_t i = 0; i < plain.epochs.size(); ++i) {
    CHECK(averaged.epochs[i].train_loss == plain.epochs[i].train_loss);
    CHECK(averaged.epochs[i].plain_top1 == plain.epochs[i].valid_top1);
    CHECK(averaged.epochs[i].valid_loss != plain.epochs[i].valid_loss);
    CHECK(std::isnan(plain.epochs[i].plain_top1));
  }
  const auto kept = weights_of("averaged"), of_checkpoint = weights_of("c");
  REQUIRE(kept.size() == trained.size());
  REQUIRE(of_checkpoint.size() == trained.size());
  for (const auto& [key, tensor] : kept) {
    INFO(key);
    CHECK(tensor.equal(of_checkpoint.at(key)));
    if (tensor.is_floating_point())
      CHECK_FALSE(tensor.equal(trained.at(key)));
    else
      CHECK(tensor.equal(trained.at(key)));  // steps of batch norm
  }
  if (job.spec.architecture == "test_resnet") return;  // its statistics would move
  // Validated are the weights that are kept: a training that leaves them as they are says so.
  job.spec.training = {.epochs = 1, .batch_size = 12, .learning_rate = 1e-12, .weight_decay = 0};
  job.spec.training.weights = job.weights;
  job.checkpoint.clear(), job.weights.clear();
  const auto again = small.run(job);
  REQUIRE(again.epochs.size() == 1);
  CHECK(again.epochs[0].valid_loss == Approx(averaged.epochs.back().valid_loss).epsilon(1e-5));
}

TEST_CASE(
    "images count by their weights in training, in parts too, and all the same in validation") {
  const SmallTrial small;
  Random random(3);
  for (int i = 0; i < 16; ++i) {
    Image image(32, 32, 1);
    for (auto& p : image.pixels) p = std::uint8_t(random.below(128) + 64 * unsigned(i % 2));
    small.folder.write("photos/" + std::to_string(i) + ".png", encode_png(image));
  }
  auto job = small.job();
  job.spec.dataset.kind = "csv";
  job.spec.dataset.root = small.path("photos");
  job.spec.dataset.table = small.path("photos/labels.csv");
  job.spec.training.batch_size = 8;  // all of an epoch
  job.spec.training.label_smoothing = 0.1;
  const auto run = [&](const std::vector<std::string>& weights) {  // of the two classes
    std::string table = "path,label,split" + std::string(weights.empty() ? "\n" : ",weight\n");
    for (int i = 0; i < 16; ++i)
      table += std::to_string(i) + ".png," + (i % 2 ? "b," : "a,") + (i < 8 ? "train" : "valid") +
               (weights.empty() ? "" : "," + weights[std::size_t(i % 2)]) + "\n";
    small.folder.write("photos/labels.csv", table);
    return small.run(job).epochs;
  };
  const auto plain = run({}), equal = run({"0.5", "0.5"});
  REQUIRE(plain.size() == 3);
  CHECK(equal[2].train_loss == Approx(plain[2].train_loss).epsilon(1e-4));
  const auto first = run({"1", "0"}), second = run({"0", "1"}), both = run({"6", "2"});
  CHECK(first[0].train_loss != Approx(second[0].train_loss).epsilon(1e-3));
  CHECK(both[0].train_loss ==
        Approx((3 * first[0].train_loss + second[0].train_loss) / 4).epsilon(1e-5));
  CHECK(both[2].train_loss != Approx(plain[2].train_loss).epsilon(1e-3));

  job.spec.augmentation = {{"mixup", {}}};
  const auto mixed = run({"6", "2"});
  CHECK(mixed[0].train_loss != both[0].train_loss);
  job.spec.training.micro_batch = 3;
  const auto mixed_in_parts = run({"6", "2"});
  job.spec.augmentation.clear();
  const auto in_parts = run({"6", "2"});
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(in_parts[i].train_loss == Approx(both[i].train_loss).epsilon(1e-4));
    CHECK(mixed_in_parts[i].train_loss == Approx(mixed[i].train_loss).epsilon(1e-4));
  }

  // A network that does not move is validated the same, whatever the weights.
  job.spec.training.learning_rate = 1e-12;
  CHECK(run({"1", "0"})[0].valid_loss == Approx(run({})[0].valid_loss).epsilon(1e-6));
  // A batch of one without a weight adds nothing to the loss.
  job.spec.training.batch_size = 1;
  CHECK(run({"1", "0"})[0].train_loss == Approx(first[0].train_loss).epsilon(1e-5));
}

namespace {

// Weights of chance in a file, changed.
void write_changed(const std::string& architecture, const std::string& file, auto change) {
  const auto network =
      archs::build(architecture, {.num_classes = 2, .in_chans = 1, .image_size = 32});
  archs::NamedTensors weights;
  for (const auto& [key, tensor] : archs::state_dict(*network)) {
    auto changed = tensor.detach().clone();
    change(key, changed);
    weights.emplace_back(key, changed);
  }
  archs::write_tensors(file, weights);
}

}  // namespace

TEST_CASE("a preflight tells what the trial will take") {
  const SmallTrial small;
  auto job = small.job("c");
  job.spec.architecture = GENERATE("test_resnet", "test_vit");
  job.spec.training.ema = GENERATE(0.0, 0.9);
  job.kind = "preflight";
  const auto said = small.run(job);
  CHECK(said.epochs.empty());
  CHECK_FALSE(std::filesystem::exists(job.checkpoint));
  REQUIRE(said.preflight.size() == 1);
  const auto& p = said.preflight[0];
  CHECK(p.latency > 0);
  CHECK(p.train_step_seconds > 0);
  CHECK(p.train_memory_bytes > 1e6);
  CHECK(p.macs > 0);

  job.kind = "train";
  job.until_epoch = 1;
  const auto paused = small.run(job).paused;
  REQUIRE(paused.size() == 1);
  CHECK(p.checkpoint_bytes == Approx(paused[0].checkpoint_bytes).epsilon(0.05));
  job.until_epoch = 0;
  const auto done = small.run(job).done;
  REQUIRE(done.size() == 1);
  CHECK(p.parameters == done[0].parameters);
}

TEST_CASE("a network that gives no numbers is found before the night") {
  const SmallTrial small;
  auto job = small.job();
  job.kind = GENERATE("preflight", "lr_find");
  job.spec.training.weights = small.path("nan.safetensors");
  write_changed("test_vit", job.spec.training.weights, [](const std::string&, torch::Tensor& t) {
    t = torch::full_like(t, std::nan(""));
  });
  CHECK_THROWS_AS(small.run(job), Diverged);
}

TEST_CASE("a training whose validation loss is no number has diverged") {
  const SmallTrial small;
  auto job = small.job();
  job.spec.architecture = "test_resnet";
  job.spec.training.weights = small.path("nan.safetensors");
  // Batch norms train by what a batch has; these are what validation takes.
  write_changed("test_resnet", job.spec.training.weights,
                [](const std::string& key, torch::Tensor& t) {
                  if (key.ends_with("running_var")) t.fill_(std::nan(""));
                });
  CHECK_THROWS_WITH(small.run(job), Catch::Matchers::Contains("validation loss nan after epoch 1"));
}

TEST_CASE("a head that norms over samples is trained in parts of two or more") {
  const SmallTrial small;
  auto job = small.job();
  job.spec.architecture = "test_resnet";
  job.spec.training.head = "concat_pool";
  job.spec.training.batch_size = 5;
  job.spec.training.micro_batch = 2;  // 2 and 3
  const auto told = small.run(job);
  REQUIRE(told.done.size() == 1);
  CHECK(told.done[0].micro_batch == 2);
}

TEST_CASE("what a GPU reports is not taken for a config that cannot work") {
  const auto cause = [](auto&& work) {
    try {
      work();
    } catch (...) {
      return current_failure().cause;
    }
    return results::Cause::hung;
  };
  using results::Cause;
  CHECK(cause([] { throw c10::AcceleratorError({}, 214, "uncorrectable ECC error"); }) ==
        Cause::crashed);
  CHECK(cause([] {
          TORCH_CHECK(false, "CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling cublasSgemm");
        }) == Cause::crashed);
  CHECK(cause([] {
          TORCH_CHECK(false, "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate");
        }) == Cause::out_of_memory);
  CHECK(cause([] { torch::ones({2, 3}).mm(torch::ones({2, 3})); }) == Cause::bad_config);
}

TEST_CASE("what the last epoch says of the validation images is kept") {
  const SmallTrial small;
  auto job = small.job("c");
  job.logits = small.path("logits/a.safetensors");
  const auto said = small.run(job);
  REQUIRE(said.epochs.size() == 3);
  const auto kept = read_logits(job.logits);
  CHECK(kept.class_names.size() == 2);
  CHECK(kept.split_hash == said.done.at(0).split_hash);
  REQUIRE(kept.labels.size() == 16);
  CHECK(std::ranges::is_sorted(kept.images));
  double right = 0, loss = 0;
  for (std::size_t i = 0; i < 16; ++i) {
    CHECK(kept.labels[i] == std::int32_t(kept.images[i] % 2));
    const auto label = std::size_t(kept.labels[i]);
    const double margin = double(from_float16(kept.logits[2 * i + label])) -
                          from_float16(kept.logits[2 * i + 1 - label]);
    right += margin > 0;
    loss += std::log1p(std::exp(-margin));
  }
  CHECK(right / 16 == said.epochs.back().valid_top1);
  CHECK(loss / 16 == Approx(said.epochs.back().valid_loss).epsilon(1e-3));

  // Killed after its last checkpoint, it says the same.
  std::filesystem::remove(job.logits);
  CHECK(small.run(job).done.size() == 1);
  CHECK(read_logits(job.logits).logits == kept.logits);

  // Where they cannot be written, the trial is as good.
  small.folder.write("file", "");
  job.logits = small.path("file/a.safetensors");
  CHECK(small.run(job).done.size() == 1);
}

TEST_CASE("logits beyond float16 become its largest, and what is no number is not kept") {
  const SmallTrial small;
  const Dataset dataset{.classes = 2, .class_names = {"a", "b"}, .split_hash = "5e1f"};
  Batch batch;
  batch.labels = {1, 0}, batch.images = {3, 4};
  const auto file = small.path("logits.safetensors");
  ValidLogits logits;
  logits.add(batch,
             torch::tensor({{1e30, -70000.0}, {0.5, -std::numeric_limits<double>::infinity()}}));
  logits.write(file, dataset);
  const auto kept = read_logits(file);
  CHECK(kept.logits == std::vector<std::uint16_t>{0x7bff, 0xfbff, 0x3800, 0xfbff});
  CHECK(kept.labels == std::vector<std::int32_t>{1, 0});
  CHECK(kept.images == std::vector<std::uint32_t>{3, 4});

  logits.add(batch, torch::tensor({{1.0, std::nan("")}, {0.5, 1.0}}));
  CHECK_THROWS_WITH(logits.write(file, dataset), "a logit is not a number");
  CHECK(read_logits(file).logits == kept.logits);
}
