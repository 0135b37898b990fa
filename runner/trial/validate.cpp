#include "runner/trial/validate.h"

#include <ATen/Parallel.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <future>
#include <numeric>

#include <fmt/format.h>

#include "archs/catalog.h"
#include "archs/network.h"
#include "archs/weights/load.h"
#include "archs/weights/pretrained.h"
#include "results/export/table.h"
#include "runner/support/clock.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/class_folders.h"
#include "runner/trial/data/eval_transform.h"
#include "runner/trial/data/files.h"
#include "runner/trial/data/image.h"
#include "runner/trial/device.h"
#include "runner/trial/images.h"

namespace archsweep::runner {
namespace {

// How images are prepared: as for the pretrained weights of the name, else as for the architecture.
archs::Preprocessing preprocessing_of(const std::string& name, const archs::Entry& entry) {
  if (name == entry.name && archs::tags_of(entry.name).empty()) return entry.preprocessing;
  return *archs::find_pretrained(name).preprocessing;
}

// Rows of the classifier in the file; -1 where it has none.
int classes_in(const archs::NamedTensors& tensors, const archs::Network& network) {
  for (const auto& [key, tensor] : tensors)
    if (key == network.classifier + ".weight" && tensor.dim() > 0) return int(tensor.size(0));
  return -1;
}

struct Batch {
  std::vector<std::uint8_t> pixels;  // count x side x side x 3
  std::vector<std::int64_t> labels;
  std::vector<std::string> unreadable;  // "path: why", left out
};

class Validation {
 public:
  explicit Validation(const ValidateJob& job)
      : job_(job),
        entry_(archs::get(job.name.substr(0, job.name.find('.')))),
        device_(open_device(job.device)) {
    preprocessing_ = preprocessing_of(job.name, entry_);
    auto& p = preprocessing_;
    // As timm's validate: at the size that the weights are tested at, where they name one.
    side_ = job.image_size > 0      ? job.image_size
            : p.test_input_size > 0 ? p.test_input_size
                                    : p.input_size;
    if (p.test_crop_pct > 0) p.crop_pct = p.test_crop_pct;
    build();
    images_ = read_class_folders(job.folder, job.class_map, classes_);
    for (const auto& note : images_.notes) fmt::print(stderr, "{}\n", note);
    if (job.limit > 0 && std::size_t(job.limit) < images_.files.size())
      limit(std::size_t(job.limit));
  }

  void run() {
    torch::InferenceMode inference;
    const std::size_t total = images_.files.size();
    const auto start = Clock::now();
    auto reported = start;
    auto next = read_ahead(0);
    for (std::size_t first = 0; first < total; first += job_.batch_size) {
      const auto batch = next.get();
      if (first + job_.batch_size < total) next = read_ahead(first + job_.batch_size);
      count(batch);
      if (seconds_since(reported) < 10) continue;
      reported = Clock::now();
      fmt::print(stderr, "{} of {} images  top1 {:.2f} %  {:.0f}/s\n", first + batch.labels.size(),
                 total, percent(top1_), double(samples_) / seconds_since(start));
    }
    if (samples_ == 0) throw Error(fmt::format("{}: no image can be read", job_.folder));
    print(seconds_since(start));
  }

 private:
  void build() {
    const auto tensors = archs::read_tensors(job_.weights);
    network_ = archs::build(entry_.name, {.image_size = side_});
    classes_ = classes_in(tensors, *network_);
    if (classes_ < 0)
      throw Error(fmt::format("{}: it has no classifier '{}'; nothing to validate", job_.weights,
                              network_->classifier));
    network_ = archs::build(entry_.name, {.num_classes = classes_, .image_size = side_});
    for (const auto& note : archs::load_weights(*network_, tensors, job_.weights))
      fmt::print(stderr, "{}\n", note);
    network_->eval();
    network_->to(device_);
    to_channels_last(*network_);
    normalize_ = Normalize(preprocessing_, 3, device_);
  }

  // Spread over all classes, which lie one after the other.
  void limit(std::size_t count) {
    const std::size_t total = images_.files.size();
    for (std::size_t i = 0; i < count; ++i) {
      images_.files[i] = images_.files[i * total / count];
      images_.labels[i] = images_.labels[i * total / count];
    }
    images_.files.resize(count);
    images_.labels.resize(count);
  }

  std::future<Batch> read_ahead(std::size_t first) const {
    return std::async(std::launch::async, [this, first] { return read(first); });
  }

  Batch read(std::size_t first) const {
    const std::size_t count = std::min<std::size_t>(job_.batch_size, images_.files.size() - first);
    const std::size_t bytes = std::size_t(side_) * side_ * 3;
    std::vector<std::uint8_t> pixels(count * bytes);
    std::vector<std::string> faults(count);
    tbb::parallel_for(std::size_t{0}, count, [&](std::size_t i) {
      const auto& file = images_.files[first + i];
      try {
        eval_transform(decode_as_stored(read_file(file), 3), preprocessing_, side_,
                       &pixels[i * bytes]);
      } catch (const std::exception& e) {
        faults[i] = fmt::format("{}: {}", file.string(), e.what());
      }
    });
    Batch batch;
    for (std::size_t i = 0; i < count; ++i) {
      if (!faults[i].empty()) {
        batch.unreadable.push_back(faults[i]);
        continue;
      }
      batch.labels.push_back(images_.labels[first + i]);
      batch.pixels.insert(batch.pixels.end(), &pixels[i * bytes], &pixels[i * bytes] + bytes);
    }
    return batch;
  }

  void count(const Batch& batch) {
    for (const auto& fault : batch.unreadable) fmt::print(stderr, "left out: {}\n", fault);
    unreadable_ += std::int64_t(batch.unreadable.size());
    const auto n = std::int64_t(batch.labels.size());
    if (n == 0) return;
    const auto logits = network_->forward(normalize_(to_device(batch.pixels, n, side_, 3, device_)))
                            .to(torch::kCPU);
    const auto labels = torch::tensor(batch.labels).unsqueeze(1);
    const auto right = std::get<1>(logits.topk(std::min<std::int64_t>(5, classes_), 1)).eq(labels);
    top1_ += right.select(1, 0).sum().item<std::int64_t>();
    top5_ += right.sum().item<std::int64_t>();
    samples_ += n;
    if (job_.logits.empty()) return;
    logits_.push_back(logits);
    labels_.insert(labels_.end(), batch.labels.begin(), batch.labels.end());
  }

  double percent(std::int64_t right) const {
    return samples_ > 0 ? 100 * double(right) / double(samples_) : 0;
  }

  void print(double seconds) const {
    if (!job_.logits.empty())
      archs::write_tensors(job_.logits,
                           {{"logits", torch::cat(logits_)}, {"labels", torch::tensor(labels_)}});
    const auto& p = preprocessing_;
    const auto interpolation =
        p.interpolation == archs::Interpolation::bicubic ? "bicubic" : "bilinear";
    const results::Rows rows{
        {"name", "top1", "top5", "images", "unreadable", "images_per_second", "image_size",
         "crop_pct", "crop_mode", "interpolation", "device"},
        {{job_.name, percent(top1_), percent(top5_), samples_, unreadable_,
          double(samples_) / seconds, std::int64_t{side_}, p.crop_pct, std::string(p.crop_mode),
          std::string(interpolation), device_.str()}}};
    fmt::print("{}", results::write_rows(rows, job_.format));
  }

  const ValidateJob& job_;
  const archs::Entry& entry_;
  torch::Device device_;
  archs::Preprocessing preprocessing_;
  int side_ = 0, classes_ = 0;
  std::shared_ptr<archs::Network> network_;
  Normalize normalize_;
  ClassFolders images_;
  std::int64_t samples_ = 0, top1_ = 0, top5_ = 0, unreadable_ = 0;
  std::vector<torch::Tensor> logits_;
  std::vector<std::int64_t> labels_;
};

}  // namespace

int validate(const ValidateJob& job) {
  try {
    Validation(job).run();
    return 0;
  } catch (const c10::Error& e) {
    throw Error(fmt::format("{}: {}", job.name, first_line(e.what_without_backtrace())),
                Exit::environment);
  }
}

}  // namespace archsweep::runner
