#include "runner/trial/predict.h"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <iterator>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/data/files.h"
#include "runner/trial/data/image_files.h"
#include "runner/trial/device.h"
#include "runner/trial/exported.h"
#include "runner/trial/predict_rows.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error("cannot write the output", Exit::environment);
}

std::vector<std::string> files_in(const std::string& folder) {
  std::vector<std::string> files;
  const auto found = list_images(folder);
  for (std::size_t i = 0; i < found.files.size(); ++i)
    if (looks_like_an_image(found.files[i].path)) files.push_back(found.name(i));
  if (files.empty()) throw Error(folder + ": no image in this folder");
  return files;
}

class Prediction {
 public:
  Prediction(const PredictJob& job, Exported& exported, std::span<const std::string> images)
      : job_(job), exported_(exported), answer_({"image", "class", "probability"}, job.format) {
    if (job.fold) exported_.fold_batch_norms();
    for (const auto& image : images) add_files(image);
  }

  int run() {
    for (std::size_t first = 0; first < files_.size(); first += job_.batch_size) {
      add_batch(first, std::min(files_.size(), first + job_.batch_size));
      answer_.end_batch();
    }
    return answer_.end();
  }

 private:
  void add_files(const std::string& image) {
    std::error_code none;
    if (!fs::is_directory(image, none)) return files_.push_back(image);
    try {
      std::ranges::move(files_in(image), std::back_inserter(files_));
    } catch (const Error& e) {
      answer_.fault(e.what());
    }
  }

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
      const auto of_image = probabilities[std::int64_t(i - first)];
      auto& fault = faults[i - first];
      if (fault.empty() && !of_image.isfinite().all().item<bool>()) fault = no_numbers;
      if (fault.empty())
        add_rows(files_[i], of_image);
      else
        answer_.fault(fmt::format("{}: {}", files_[i], fault));
    }
  }

  void add_rows(const std::string& file, const torch::Tensor& probabilities) {
    const auto add = [&](std::size_t c) {
      answer_.add(
          {file, exported_.class_names()[c], probabilities[std::int64_t(c)].item<double>()});
    };
    if (!job_.all) return add(std::size_t(probabilities.argmax().item<std::int64_t>()));
    for (std::size_t c = 0; c < exported_.class_names().size(); ++c) add(c);
  }

  const PredictJob& job_;
  Exported& exported_;
  std::vector<std::string> files_;
  Answer answer_;
};

}  // namespace

void Answer::fault(std::string_view what) {
  fmt::print(stderr, "{}\n", what);
  has_faults_ = true;
}

void Answer::end_batch() {
  if (rows_.rows.empty() || (format_ != "csv" && format_ != "json")) return;
  auto text = results::write_rows(rows_, format_);
  rows_.rows.clear();
  if (format_ == "json") {
    text.resize(text.size() - std::string_view("\n]\n").size());  // the list goes on
    if (!is_first_) text[0] = ',';
  } else if (!is_first_) {
    text.erase(0, results::write_rows(rows_, format_).size());  // the header
  }
  is_first_ = false;
  print(text);
}

int Answer::end() {
  end_batch();
  if (is_first_)
    print(results::write_rows(rows_, format_));
  else if (format_ == "json")
    print("\n]\n");
  return has_faults_ ? static_cast<int>(Exit::trials_failed) : 0;
}

int predict(const PredictJob& job, std::span<const std::string> images) {
  Exported exported(job.folder, open_device(job.device));
  if (exported.is_table()) return predict_rows(job, exported, images);
  return Prediction(job, exported, images).run();
}

}  // namespace archsweep::runner
