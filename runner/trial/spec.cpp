#include "runner/trial/spec.h"

#include <filesystem>

#include <fmt/ranges.h>

#include "runner/support/hash.h"
#include "runner/trial/json_fields.h"

namespace archsweep::runner {

// One list of members a struct serves writing and reading. Found by argument-dependent lookup.
template <typename T>
requires std::is_same_v<std::remove_const_t<T>, DatasetSpec>
void fields(T& s, auto&& visit) {
  visit("kind", s.kind);
  visit("root", s.root);
  visit("image_size", s.image_size);
  visit("stored_size", s.stored_size);
  visit("resize", s.resize);
  visit("channels", s.channels);
  visit("valid_fraction", s.valid_fraction);
  visit("split_seed", s.split_seed);
  visit("train_samples", s.train_samples);
  visit("valid_samples", s.valid_samples);
  visit("bad_images", s.bad_images);
  visit("pattern", s.pattern, younger);
  visit("train_list", s.train_list, younger);
  visit("valid_list", s.valid_list, younger);
  visit("table", s.table, younger);
  visit("path_column", s.path_column, younger);
  visit("label_column", s.label_column, younger);
  visit("split_column", s.split_column, younger);
  visit("weight_column", s.weight_column, younger);
  visit("folds", s.folds, younger);
  visit("fold", s.fold, younger);
  visit("target", s.target, younger);
  visit("number_target", s.number_target, younger);
  visit("categorical", s.categorical, younger);
  visit("continuous", s.continuous, younger);
  visit("missing", s.missing, younger);
  visit("log", s.log, younger);
  visit("normalize", s.normalize, younger);
  visit("expression", s.expression, younger);
  visit("points", s.points, younger);
  visit("noise", s.noise, younger);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, TrainingSpec>
void fields(T& s, auto&& visit) {
  visit("epochs", s.epochs);
  visit("batch_size", s.batch_size);
  visit("optimizer", s.optimizer);
  visit("learning_rate", s.learning_rate);
  visit("weight_decay", s.weight_decay);
  visit("momentum", s.momentum);
  visit("beta2", s.beta2, younger);
  visit("eps", s.eps, younger);
  visit("schedule", s.schedule);
  visit("warmup", s.warmup);
  visit("loss", s.loss, younger);
  visit("warmup_from", s.warmup_from, younger);
  visit("div", s.div, younger);
  visit("freeze_epochs", s.freeze_epochs, younger);
  visit("lr_mult", s.lr_mult, younger);
  visit("layer_decay", s.layer_decay, younger);
  visit("head", s.head, younger);
  visit("label_smoothing", s.label_smoothing);
  visit("drop_rate", s.drop_rate);
  visit("drop_path_rate", s.drop_path_rate);
  visit("hidden", s.hidden, younger);
  visit("clip_grad_norm", s.clip_grad_norm);
  visit("clip_grad_value", s.clip_grad_value, younger);
  visit("clip_grad_agc", s.clip_grad_agc, younger);
  visit("ema", s.ema, younger);
  visit("ema_warmup", s.ema_warmup, younger);
  visit("patience", s.patience, younger);
  visit("result", s.result, younger);
  visit("micro_batch", s.micro_batch, younger);
  visit("weights", s.weights);
  visit("precision", s.precision);
  visit("layout", s.layout);
  visit("seed", s.seed);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, MeasurementSpec>
void fields(T& s, auto&& visit) {
  visit("enabled", s.enabled);
  visit("batch_sizes", s.batch_sizes);
  visit("seconds", s.seconds);
  visit("warmup_seconds", s.warmup_seconds);
  visit("max_samples", s.max_samples);
  visit("train_batch_sizes", s.train_batch_sizes, younger);
  visit("exported", s.exported, younger);
  visit("fold", s.fold, younger);
  visit("tta", s.tta, younger);
}

std::string word_for(const DatasetSpec& spec) {
  if (!spec.expression.empty()) return spec.expression;
  return std::filesystem::path(spec.root).filename().string();
}

namespace {

std::vector<AugmentStep> steps_from_json(const nlohmann::json& list) {
  try {
    return list.get<std::vector<AugmentStep>>();
  } catch (const nlohmann::json::exception&) {
    throw Error("spec.augmentation: expected a list of {name, parameters}");
  }
}

const nlohmann::json& member(const nlohmann::json& object, const char* name) {
  if (!object.is_object() || !object.contains(name))
    throw Error(fmt::format("spec.{}: missing", name));
  return object.at(name);
}

}  // namespace

void to_json(nlohmann::json& json, const AugmentStep& step) {
  json = {{"name", step.name}, {"parameters", step.parameters}};
}

void from_json(const nlohmann::json& json, AugmentStep& step) {
  json.at("name").get_to(step.name);
  json.at("parameters").get_to(step.parameters);
}

nlohmann::json to_json(const TrialSpec& spec) {
  return {{"architecture", spec.architecture},
          {"dataset", fields_to_json(spec.dataset)},
          {"augmentation", spec.augmentation},
          {"training", fields_to_json(spec.training)},
          {"measurement", fields_to_json(spec.measurement)}};
}

TrialSpec spec_from_json(const nlohmann::json& json) {
  TrialSpec spec;
  if (!member(json, "architecture").is_string()) throw Error("spec.architecture: expected a name");
  spec.architecture = json["architecture"].get<std::string>();
  spec.dataset = fields_from_json<DatasetSpec>(member(json, "dataset"), "spec.dataset");
  spec.augmentation = steps_from_json(member(json, "augmentation"));
  spec.training = fields_from_json<TrainingSpec>(member(json, "training"), "spec.training");
  spec.measurement =
      fields_from_json<MeasurementSpec>(member(json, "measurement"), "spec.measurement");
  return spec;
}

std::string fingerprint(const TrialSpec& spec) {
  return sha256(to_json(spec).dump());
}

std::string recipe_hash(const TrialSpec& spec) {
  auto json = to_json(spec);
  json.erase("architecture");
  json.erase("measurement");
  json["training"].erase("learning_rate");
  json["training"].erase("seed");
  json["training"].erase("hidden");  // of the network, as its name
  return sha256(json.dump());
}

std::string tag_of(const TrialSpec& spec) {
  return fmt::format("{}", fmt::join(spec.training.hidden, "_"));
}

std::string name_of(const TrialSpec& spec) {
  const auto tag = tag_of(spec);
  return tag.empty() ? spec.architecture : spec.architecture + "." + tag;
}

std::string trajectory_hash(const TrialSpec& spec) {
  auto json = to_json(spec);
  json.erase("measurement");
  if (spec.training.schedule == "constant" && spec.training.warmup == 0)
    json["training"].erase("epochs");
  return sha256(json.dump());
}

}  // namespace archsweep::runner
