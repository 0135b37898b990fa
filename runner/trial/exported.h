#pragma once

// A trained network as timm's model folder, and back: model.safetensors with timm's keys, and a
// config.json from which timm.create_model("local-dir:FOLDER", pretrained=True) builds it. Under
// "archsweep" the config has what timm has no words for: how images are prepared, and what was
// measured.

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <torch/types.h>

#include "runner/trial/data/image.h"
#include "runner/trial/images.h"
#include "runner/trial/model.h"
#include "runner/trial/train/trained.h"

namespace archsweep::runner {

// The files of such a folder.
inline constexpr std::array exported_files{"config.json", "model.safetensors"};

// A network with what turns pixels into its input. Of a table: `channels` is 0.
class Classifier {
 public:
  Classifier(std::shared_ptr<archs::Network> network, const TrainingSpec& training,
             const archs::Preprocessing& preprocessing, int channels, const torch::Device& device);

  // count x side x side x channels bytes -> float32 [count, classes], on the CPU.
  torch::Tensor logits(std::span<const std::uint8_t> pixels, std::int64_t count, int side);
  // The same of rows of a table.
  torch::Tensor logits(std::span<const float> rows, std::int64_t count);

  Model& model() { return model_; }

 private:
  Model model_;
  Normalize normalize_;
};

// The network of a trial with its weights. Throws Error.
std::shared_ptr<archs::Network> build_trained(const Trained& trained);

// Replaces both files as one: they have an id in common, and a reader finds the old pair, none or
// the new one. A folder that holds something else, or another program's model, is left alone; what
// an export that was interrupted left behind is cleared away. `measured` is a JSON object of what
// is known of the trial. Returns the bytes of the weights. Throws Error.
double write_exported(const std::filesystem::path& folder, const Trained& trained,
                      const archs::Network& network, const std::string& measured);

class Exported {
 public:
  // Throws Error: no such folder, another program's, damaged, files of two exports.
  Exported(const std::filesystem::path& folder, const torch::Device& device);

  Model& model() { return classifier_->model(); }
  // Of inference from now on, which is faster by it and the same but for rounding.
  int fold_batch_norms() { return model().fold_batch_norms(input_.channels, input_.image_size); }

  const std::string& architecture() const { return architecture_; }
  int image_size() const { return input_.image_size; }
  const std::vector<std::string>& class_names() const { return class_names_; }  // none: numbers
  bool is_table() const { return !columns_.target.empty(); }
  const TableColumns& columns() const { return columns_; }
  bool drops_missing() const { return drops_missing_; }  // it learned from complete rows alone
  bool gives_number() const { return gives_number_; }    // one a row, no share a class
  void check_takes_images() const;                       // throws Error where it is of a table
  std::size_t bytes_of_image() const;

  // The content of an image's file as the validation of its training saw it: bytes_of_image()
  // bytes at `out`. From any thread; throws std::exception with the reason, without the name.
  void prepare(const std::string& file, std::uint8_t* out,
               std::uint64_t most_pixels = pixel_limit) const;

  torch::Tensor logits(std::span<const std::uint8_t> pixels, std::int64_t count);
  torch::Tensor logits(std::span<const float> rows, std::int64_t count);

  // float64 [count, classes], on the CPU.
  torch::Tensor probabilities(std::span<const std::uint8_t> pixels, std::int64_t count);

 private:
  std::string architecture_;
  std::vector<std::string> class_names_;
  DatasetSpec input_;  // sizes, resize and channels alone
  TableColumns columns_;
  bool drops_missing_ = false, gives_number_ = false;
  std::unique_ptr<Classifier> classifier_;
};

}  // namespace archsweep::runner
