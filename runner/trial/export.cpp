#include "runner/trial/export.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "archs/catalog.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/batches.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/device.h"
#include "runner/trial/exported.h"
#include "runner/trial/train/objective.h"

namespace archsweep::runner {
namespace {

Dataset dataset_of(const TrialSpec& spec, const std::string& cache_folder) {
  try {
    return open_dataset(spec.dataset, cache_folder);
  } catch (const Error& e) {
    throw Error(fmt::format("{}; --no-check exports without the images", e.what()), e.code());
  }
}

Trained read(const ExportJob& job) {
  try {
    auto trained = read_trained(job.weights);
    if (fingerprint(trained.spec) != job.fingerprint)
      throw Error(fmt::format("{}: it is another trial's", job.weights));
    return trained;
  } catch (const Error& e) {
    throw Error(fmt::format("{}; remove it, and --train-again makes it anew", e.what()), e.code());
  }
}

// A network for one size of images is built for it in Python, too.
std::string size_option(const TrialSpec& spec) {
  const auto& preprocessing = archs::get(spec.architecture).preprocessing;
  return preprocessing.fixed_input_size && spec.dataset.image_size != preprocessing.input_size
             ? fmt::format(", img_size={}", spec.dataset.image_size)
             : "";
}

struct Counts {
  std::int64_t images = 0, other = 0, right = 0;
};

// Predictions of the validation images, or rows, before and after.
Counts compare(const Dataset& dataset, const TrialSpec& spec, Classifier& before, Exported& after) {
  const Objective objective(spec.training, dataset);
  const int side = spec.dataset.image_size;
  BatchLoader loader(dataset, dataset.valid,
                     {.augmentation = {},
                      .image_size = side,
                      .batch_size = std::min(spec.training.batch_size, 64),
                      .shuffle = false,
                      .drop_last = false,
                      .threads = at::get_num_threads()});
  Counts counts;
  Batch batch;
  while (loader.next(batch)) {
    auto first = dataset.has_rows() ? before.logits(batch.rows, batch.count)
                                    : before.logits(batch.pixels, batch.count, side);
    auto second = dataset.has_rows() ? after.logits(batch.rows, batch.count)
                                     : after.logits(batch.pixels, batch.count);
    counts.images += batch.count;
    if (objective.classes()) {
      first = objective.guesses(first).select(1, 0);
      second = objective.guesses(second).select(1, 0);
      counts.right += second.eq(torch::tensor(batch.labels)).sum().item<std::int64_t>();
    }
    counts.other += first.ne(second).sum().item<std::int64_t>();
  }
  return counts;
}

void check(const ExportJob& job, const Trained& trained, const Dataset& dataset,
           std::shared_ptr<archs::Network> network, const torch::Device& device) {
  auto spec = trained.spec;
  spec.training.precision = trained.dtype;
  if (dataset.split_hash != trained.split_hash)
    fmt::print(stderr, "{}: the data have changed since; it is checked on those of today\n",
               spec.dataset.root);
  Classifier before(std::move(network), spec.training, archs::get(spec.architecture).preprocessing,
                    spec.dataset.channels, device);
  Exported after(job.folder, device);
  const auto counts = compare(dataset, spec, before, after);
  const auto* samples = dataset.has_rows() ? "rows" : "images";
  if (counts.other > 0)
    throw Error(fmt::format("{}: {} of {} validation {} are predicted otherwise after "
                            "reloading: do not use it",
                            job.folder, counts.other, counts.images, samples),
                Exit::environment);
  fmt::print("checked: all {} validation {} are predicted the same after reloading", counts.images,
             samples);
  if (dataset.classes == 0) return fmt::print("\n");
  const auto measured = nlohmann::json::parse(job.measured);
  const auto then = measured.find("top1");
  fmt::print("; top-1 {:.2f} %{}\n", 100 * double(counts.right) / double(counts.images),
             then == measured.end() || !then->is_number()
                 ? ""
                 : fmt::format(", after training {:.2f} %", 100 * then->get<double>()));
}

}  // namespace

int export_trained(const ExportJob& job) {
  const auto device = open_device(job.device);
  const auto trained = read(job);
  // Before anything is written.
  Dataset dataset;
  if (job.is_checked) dataset = dataset_of(trained.spec, job.cache_folder);
  auto network = build_trained(trained);
  const double bytes = write_exported(job.folder, trained, *network, job.measured);
  const auto classes = trained.class_names.size();
  fmt::print("{}: {}, {}, {}\n", job.folder, trained.spec.architecture,
             classes ? fmt::format("{} classes", classes) : "numbers", human_bytes(bytes));
  if (job.is_checked) check(job, trained, dataset, std::move(network), device);
  if (!trained.columns.target.empty()) return 0;
  if (trained.spec.training.head == "own")
    fmt::print("in Python: timm.create_model({}, pretrained=True)\n",
               nlohmann::json("local-dir:" + job.folder).dump());
  else
    fmt::print(
        "its head is fastai's: vision_learner(dls, {}, n_out={}{}).model loads the weights\n",
        nlohmann::json(trained.spec.architecture).dump(), trained.class_names.size(),
        size_option(trained.spec));
  if (trained.spec.dataset.resize == "pad")
    fmt::print(
        "its images were padded with their mirror image, which timm's transforms do not do: "
        "`archsweep predict` does\n");
  return 0;
}

}  // namespace archsweep::runner
