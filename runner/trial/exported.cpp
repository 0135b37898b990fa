#include "runner/trial/exported.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <functional>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "archs/catalog.h"
#include "archs/families/tabular.h"
#include "archs/layers/concat_head.h"
#include "archs/weights/load.h"
#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/text.h"
#include "runner/support/whole_file.h"
#include "runner/trial/augment/augment.h"
#include "runner/trial/train/objective.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* config_name = exported_files[0];
constexpr const char* weights_name = exported_files[1];

struct CropMode {
  const char* resize;  // DatasetSpec's word
  const char* timm;    // nearest to it
};
constexpr CropMode crop_modes[] = {{"crop", "center"}, {"squish", "squash"}, {"pad", "border"}};

// timm resizes to floor(image_size / crop_pct) and cuts image_size out of it.
double crop_pct(const DatasetSpec& d) {
  double share = std::min(1.0, double(d.image_size) / d.stored_size);
  while (share < 1 && std::floor(d.image_size / share) < d.stored_size)
    share = std::nextafter(share, 0);
  return share;
}

Json per_channel(const archs::Rgb& values, int channels) {
  if (channels == 1) return {(values[0] + values[1] + values[2]) / 3};
  return values;
}

Json config_of(const Trained& trained, const archs::Network& network, const std::string& measured) {
  const auto& d = trained.spec.dataset;
  const auto& entry = archs::get(trained.spec.architecture);
  const auto mode = std::ranges::find(crop_modes, d.resize, &CropMode::resize);
  const auto classes = trained.class_names.size();
  const auto& t = trained.spec.training;
  Json config{{"architecture", trained.spec.architecture},
              {"num_classes", classes},
              {"num_features", network.num_features},
              {"label_names", trained.class_names}};
  Json input{{"precision", trained.dtype}, {"layout", t.layout}};
  if (trained.columns.target.empty()) {
    input.update({{"resize", d.resize},
                  {"stored_size", d.stored_size},
                  {"image_size", d.image_size},
                  {"channels", d.channels},
                  {"head", t.head}});
    const Json input_size{d.channels, d.image_size, d.image_size};
    config["pretrained_cfg"] = {{"tag", "archsweep"},
                                {"custom_load", false},
                                {"input_size", input_size},
                                {"fixed_input_size", entry.preprocessing.fixed_input_size},
                                {"interpolation", "bilinear"},
                                {"crop_pct", crop_pct(d)},
                                {"crop_mode", mode == std::end(crop_modes) ? "center" : mode->timm},
                                {"mean", per_channel(entry.preprocessing.mean, d.channels)},
                                {"std", per_channel(entry.preprocessing.std, d.channels)},
                                {"num_classes", classes},
                                {"classifier", network.classifier}};
  } else {
    input["loss"] = t.loss;
    input["hidden"] = t.hidden;
    input["columns"] = nlohmann::json(trained.columns);
  }
  config["archsweep"] = {{"version", ARCHSWEEP_VERSION},
                         {"input", input},
                         {"measured", Json::parse(measured)},
                         {"split_hash", trained.split_hash},
                         {"spec", to_json(trained.spec)}};
  return config;
}

void write_text(const fs::path& path, const std::string& text) {
  if (!replace_file(path, text))
    throw Error(path.string() + ": cannot be written; free space or name another folder",
                Exit::environment);
}

constexpr auto replace = Json::error_handler_t::replace;  // class names are names of folders

// What both files carry to tell that they belong together: of the same training the same.
std::string id_of(const Json& config, const archs::NamedTensors& weights) {
  Sha256 hash;
  hash.add(config.dump(-1, ' ', false, replace));
  for (const auto& [name, tensor] : weights) {
    const auto plain = tensor.detach().cpu().contiguous();
    hash.add(name);
    hash.add({static_cast<const char*>(plain.const_data_ptr()), plain.nbytes()});
  }
  return hash.hex();
}
constexpr const char* id_key = "archsweep";  // among the metadata of the weights

bool is_ours(const fs::path& config) {
  std::error_code none;
  if (!fs::is_regular_file(config, none)) return false;
  std::ifstream text(config);
  const auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_object() && json.contains("archsweep");
}

bool are_our_weights(const fs::path& file) {
  if (file.filename() != weights_name) return false;
  try {
    return archs::MappedSafetensors(file).content().metadata.contains(id_key);
  } catch (const Error&) {
    return false;
  }
}

bool is_partial(const fs::path& file) {
  return std::ranges::any_of(exported_files, [&](auto* name) { return is_partial_of(file, name); });
}

void make_room_for_both(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error)
    throw Error(fmt::format("{}: cannot make the folder: {}", folder.string(), error.message()),
                Exit::environment);
  const bool has_export = is_ours(folder / config_name);
  for (const auto& entry : fs::directory_iterator(folder))
    if (!has_export && !is_partial(entry.path()) && !are_our_weights(entry.path()))
      throw Error(fmt::format("{}: holds something else; name an empty folder", folder.string()));
  for (const auto* name : exported_files) remove_partial_files(folder / name);
}

Json read_config(const fs::path& file) {
  constexpr const char* who = "`archsweep export` writes such folders";
  std::error_code none;
  if (!fs::exists(file, none)) throw Error(fmt::format("{}: no such file; {}", file.string(), who));
  if (!fs::is_regular_file(file, none))
    throw Error(fmt::format("{}: not a regular file; {}", file.string(), who));
  std::ifstream text(file);
  if (!text) throw Error(file.string() + ": cannot be read", Exit::environment);
  return Json::parse(text);
}

void check_word(const fs::path& file, const char* key, const std::string& word,
                const std::vector<std::string_view>& words) {
  if (std::ranges::find(words, word) == words.end())
    throw Error(fmt::format("{}: {} '{}': expected one of {}", file.string(), key,
                            printable(word, 60), fmt::join(words, ", ")));
}

// Of words that others know: their message with the file that has the word.
template <typename Check>
void name_file(const fs::path& file, const Check& check) {
  try {
    check();
  } catch (const Error& e) {
    throw Error(fmt::format("{}: {}", file.string(), e.what()), e.code());
  }
}

void load_pair(archs::Network& network, const fs::path& folder, const std::string& id) {
  const auto file = folder / weights_name;
  archs::Metadata metadata;
  const auto weights = archs::read_tensors(file, &metadata);
  if (metadata[id_key] != id)  // both "": from before there were ids
    throw Error(fmt::format("{}: {} and {} are not of one export; export again", folder.string(),
                            config_name, weights_name));
  archs::load_weights(network, weights, file.string());
}

archs::Rgb read_per_channel(const Json& json) {
  const auto values = json.get<std::vector<double>>();
  if (values.size() == 1) return {values[0], values[0], values[0]};
  return json.get<archs::Rgb>();
}

bool is_scale(double x) {
  return std::isfinite(x) && x > 0;
}

// As training leaves them.
bool is_sane(const TableColumns& columns) {
  return std::ranges::all_of(columns.continuous,
                             [](const NumberColumn& c) {
                               return is_scale(c.scale) && std::isfinite(c.shift) &&
                                      std::isfinite(c.median) && (!c.log || c.median > -1);
                             }) &&
         std::ranges::all_of(columns.categorical, [](const CategoryColumn& c) {
           return std::ranges::adjacent_find(c.levels, std::ranges::greater_equal()) ==
                  c.levels.end();
         });
}

// One place to build: what is exported and what is read back cannot differ here.
std::shared_ptr<archs::Network> build_network(const std::string& architecture, std::size_t classes,
                                              const DatasetSpec& input,
                                              const TrainingSpec& training,
                                              const TableColumns& columns) {
  const bool own_head = training.head == "own";
  const int count = outputs_of(training, static_cast<int>(classes));
  auto network = archs::build(architecture, {.num_classes = own_head ? count : 0,
                                             .in_chans = input.channels,
                                             .image_size = input.image_size,
                                             .categories = codes_of(columns),
                                             .numbers = static_cast<int>(columns.continuous.size()),
                                             .hidden = training.hidden});
  return own_head
             ? network
             : archs::with_concat_head(std::move(network), count, input.channels, input.image_size);
}

}  // namespace

Classifier::Classifier(std::shared_ptr<archs::Network> network, const TrainingSpec& training,
                       const archs::Preprocessing& preprocessing, int channels,
                       const torch::Device& device)
    : model_(std::move(network), training, device) {
  if (channels > 0) normalize_ = Normalize(preprocessing, channels, device);
  model_.network().eval();
}

torch::Tensor Classifier::logits(std::span<const std::uint8_t> pixels, std::int64_t count,
                                 int side) {
  torch::InferenceMode inference;
  const auto images =
      to_device(pixels, count, side, static_cast<int>(normalize_.mean().size(1)), model_.device());
  return model_.forward(model_.laid_out(normalize_(images))).to(torch::kCPU);
}

torch::Tensor Classifier::logits(std::span<const float> rows, std::int64_t count) {
  torch::InferenceMode inference;
  return model_.forward(to_device(rows, count, model_.device())).to(torch::kCPU);
}

std::shared_ptr<archs::Network> build_trained(const Trained& trained) {
  auto network = build_network(trained.spec.architecture, trained.class_names.size(),
                               trained.spec.dataset, trained.spec.training, trained.columns);
  archs::load_weights(*network, trained.weights, trained.spec.architecture);
  return network;
}

double write_exported(const fs::path& folder, const Trained& trained, const archs::Network& network,
                      const std::string& measured) {
  make_room_for_both(folder);
  const auto tensors = archs::state_dict(network);
  auto config = config_of(trained, network, measured);
  const auto id = id_of(config, tensors);
  config["archsweep"]["id"] = id;
  const auto config_file = folder / config_name, weights_file = folder / weights_name;
  const auto new_config = partial_of(config_file), new_weights = partial_of(weights_file);
  try {
    archs::write_tensors(new_weights, tensors, {{"format", "pt"}, {id_key, id}});
    write_text(new_config, config.dump(2, ' ', false, replace) + "\n");
    fs::remove(config_file);  // first: timm, which knows no ids, finds no pair of old and new
    fs::rename(new_weights, weights_file);
    fs::rename(new_config, config_file);
    return static_cast<double>(fs::file_size(weights_file));
  } catch (const std::exception& e) {
    std::error_code none;
    fs::remove(new_weights, none);
    fs::remove(new_config, none);
    if (const auto* fault = dynamic_cast<const fs::filesystem_error*>(&e))
      throw Error(
          fmt::format("{}: cannot be written: {}", folder.string(), fault->code().message()),
          Exit::environment);
    throw;
  }
}

Exported::Exported(const fs::path& folder, const torch::Device& device) {
  const auto file = folder / config_name;
  try {
    const auto json = read_config(file);
    architecture_ = json.at("architecture").get<std::string>();
    const auto& input = json.at("archsweep").at("input");
    class_names_ = json.at("label_names").get<std::vector<std::string>>();
    if (input.contains("columns")) {
      input_.channels = 0;
      columns_ = nlohmann::json(input.at("columns")).get<TableColumns>();
      if (!is_sane(columns_)) throw Error(file.string() + ": columns that no export has");
    } else {
      input_ = {.image_size = input.at("image_size").get<int>(),
                .stored_size = input.at("stored_size").get<int>(),
                .resize = input.at("resize").get<std::string>(),
                .channels = input.at("channels").get<int>()};
      const bool is_sane = std::ranges::all_of(std::array{input_.image_size, input_.stored_size},
                                               [](int side) { return side > 0 && side <= 4096; }) &&
                           (input_.channels == 1 || input_.channels == 3) && !class_names_.empty();
      if (!is_sane) throw Error(file.string() + ": sizes or classes that no export has");
      std::vector<std::string_view> words;
      for (const auto& mode : crop_modes) words.emplace_back(mode.resize);
      check_word(file, "resize", input_.resize, words);
    }
    name_file(file, [&] {
      const auto wanted = is_table() ? archs::Input::table : archs::Input::image;
      if (archs::get(architecture_).input != wanted)
        throw Error("an architecture for another kind of data");
    });
    const TrainingSpec training{.loss = input.value("loss", ""),
                                .head = input.value("head", "own"),
                                .hidden = input.value("hidden", std::vector<int>{}),
                                .precision = input.at("precision").get<std::string>(),
                                .layout = input.at("layout").get<std::string>()};
    check_word(file, "layout", training.layout, {"auto", "channels_last", "contiguous"});
    name_file(file, [&] { precision_of(training.precision, device); });
    if (!archs::tabular::is_sane(training.hidden))
      throw Error(file.string() + ": hidden layers that no export has");
    auto network = build_network(architecture_, class_names_.size(), input_, training, columns_);
    load_pair(*network, folder, json.at("archsweep").value("id", ""));
    archs::Preprocessing preprocessing;
    if (!is_table())
      preprocessing = {.mean = read_per_channel(json.at("pretrained_cfg").at("mean")),
                       .std = read_per_channel(json.at("pretrained_cfg").at("std"))};
    if (!std::ranges::all_of(preprocessing.std, is_scale))
      throw Error(file.string() + ": a std that no export has");
    drops_missing_ = json.value("/archsweep/spec/dataset/missing"_json_pointer, "") == "drop";
    gives_number_ = outputs_of(training, static_cast<int>(class_names_.size())) == 1;
    classifier_ = std::make_unique<Classifier>(std::move(network), training, preprocessing,
                                               input_.channels, device);
  } catch (const nlohmann::json::exception& e) {
    throw Error(fmt::format("{}: not of `archsweep export`: {}", file.string(), e.what()));
  }
}

void Exported::check_takes_images() const {
  if (is_table())
    throw Error(architecture_ + ": of a table, and no photos; archsweep predict reads its rows");
}

std::size_t Exported::bytes_of_image() const {
  return std::size_t(input_.image_size) * input_.image_size * input_.channels;
}

void Exported::prepare(const std::string& file, std::uint8_t* out,
                       std::uint64_t most_pixels) const {
  Image square(input_.stored_size, input_.stored_size, input_.channels);
  to_square(decode_image(file, input_.stored_size, input_.channels, most_pixels), input_.resize,
            input_.stored_size, square.pixels.data());
  Augmenter::Scratch scratch;
  Random unused(0);
  Augmenter({}, input_.image_size).apply(square, unused, scratch, out);
}

torch::Tensor Exported::logits(std::span<const float> rows, std::int64_t count) {
  return classifier_->logits(rows, count);
}

torch::Tensor Exported::logits(std::span<const std::uint8_t> pixels, std::int64_t count) {
  return classifier_->logits(pixels, count, input_.image_size);
}

torch::Tensor Exported::probabilities(std::span<const std::uint8_t> pixels, std::int64_t count) {
  return logits(pixels, count).to(torch::kFloat64).softmax(1);
}

}  // namespace archsweep::runner
