#include "runner/trial/predict.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "results/export/table.h"
#include "runner/support/error.h"
#include "runner/trial/data/files.h"
#include "runner/trial/data/image_files.h"
#include "runner/trial/device.h"
#include "runner/trial/exported.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> files_of(std::span<const std::string> images) {
  std::vector<std::string> files;
  for (const auto& image : images) {
    std::error_code none;
    if (!fs::is_directory(image, none)) {
      files.push_back(image);
      continue;
    }
    const auto before = files.size();
    const auto found = list_images(image);
    for (std::size_t i = 0; i < found.files.size(); ++i)
      if (looks_like_an_image(found.files[i].path)) files.push_back(found.name(i));
    if (files.size() == before) throw Error(image + ": no image in this folder");
  }
  return files;
}

class Prediction {
 public:
  Prediction(const PredictJob& job, std::span<const std::string> images)
      : job_(job), files_(files_of(images)), exported_(job.folder, open_device(job.device)) {
    if (job.fold) exported_.fold_batch_norms();
  }

  int run() {
    for (std::size_t first = 0; first < files_.size(); first += job_.batch_size)
      add_batch(first, std::min(files_.size(), first + job_.batch_size));
    fmt::print("{}", results::write_rows(rows_, job_.format));
    return unreadable_ ? static_cast<int>(Exit::trials_failed) : 0;
  }

 private:
  void add_batch(std::size_t first, std::size_t end) {
    const auto bytes = exported_.bytes_of_image();
    std::vector<std::uint8_t> pixels((end - first) * bytes);
    std::vector<std::string> faults(end - first);
    tbb::parallel_for(first, end, [&](std::size_t i) {
      try {
        exported_.prepare(read_file(files_[i]), &pixels[(i - first) * bytes]);
      } catch (const std::exception& e) {
        faults[i - first] = e.what();
      }
    });
    const auto probabilities = exported_.probabilities(pixels, std::int64_t(end - first));
    for (std::size_t i = first; i < end; ++i) {
      const auto& fault = faults[i - first];
      if (fault.empty()) {
        add_rows(files_[i], probabilities[std::int64_t(i - first)]);
      } else {
        fmt::print(stderr, "{}: {}\n", files_[i], fault);
        unreadable_ = true;
      }
    }
  }

  void add_rows(const std::string& file, const torch::Tensor& probabilities) {
    const auto add = [&](std::size_t c) {
      rows_.rows.push_back(
          {file, exported_.class_names()[c], probabilities[std::int64_t(c)].item<double>()});
    };
    if (!job_.all) return add(std::size_t(probabilities.argmax().item<std::int64_t>()));
    for (std::size_t c = 0; c < exported_.class_names().size(); ++c) add(c);
  }

  const PredictJob& job_;
  std::vector<std::string> files_;
  Exported exported_;
  results::Rows rows_{{"image", "class", "probability"}, {}};
  bool unreadable_ = false;
};

}  // namespace

int predict(const PredictJob& job, std::span<const std::string> images) {
  return Prediction(job, images).run();
}

}  // namespace archsweep::runner
