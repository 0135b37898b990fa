#include "tests/runner/trial/small_trial.h"

#include "archs/network.h"
#include "archs/weights/tensors.h"
#include "runner/trial/data/image.h"
#include "runner/trial/failure.h"
#include "runner/trial/train/checkpoint.h"

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
}

TEST_CASE("a preflight tells what the trial will take") {
  const SmallTrial small;
  auto job = small.job("c");
  job.spec.architecture = GENERATE("test_resnet", "test_vit");
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
  job.kind = "preflight";
  const auto network =
      archs::build("test_vit", {.num_classes = 2, .in_chans = 1, .image_size = 32});
  archs::NamedTensors weights;
  for (const auto& [key, tensor] : archs::state_dict(*network))
    weights.emplace_back(key, torch::full_like(tensor, std::nan("")));
  job.spec.training.weights = small.path("nan.safetensors");
  archs::write_tensors(job.spec.training.weights, weights);
  CHECK_THROWS_AS(small.run(job), Diverged);
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
