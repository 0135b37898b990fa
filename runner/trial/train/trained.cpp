#include "runner/trial/train/trained.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/error.h"
#include "runner/support/whole_file.h"
#include "runner/trial/train/checkpoint.h"

namespace archsweep::runner {
namespace {

constexpr const char* about_key = "archsweep_trained";

Trained from_checkpoint(const std::filesystem::path& file) {
  auto [standing, state] = read_checkpoint(file);
  const auto& training = standing.spec.training;
  if (!has_ended(training, standing.epochs))
    throw Error(fmt::format("{}: a checkpoint after epoch {} of {}: its training has not ended",
                            file.string(), standing.epochs.size(), training.epochs));
  Trained trained{.spec = standing.spec,
                  .split_hash = standing.split_hash,
                  .dtype = standing.precision,
                  .class_names = standing.class_names,
                  .weights = {},
                  .columns = standing.columns};
  if (trained.class_names.empty() && trained.columns.target.empty())
    throw Error(file.string() + ": a checkpoint of an earlier archsweep: it names no classes");
  // Those that were validated.
  const std::string of_network = training.result == "best" ? "best."
                                 : training.ema > 0        ? "optimizer.ema.weights."
                                                           : "network.";
  for (auto& [key, tensor] : state)
    if (key.starts_with(of_network))
      trained.weights.emplace_back(key.substr(of_network.size()), std::move(tensor));
  return trained;
}

}  // namespace

void write_trained(const std::filesystem::path& file, const Trained& trained) {
  std::error_code ignored;  // writing tells why
  std::filesystem::create_directories(file.parent_path(), ignored);
  remove_partial_files(file);
  nlohmann::json about{{"spec", to_json(trained.spec)},
                       {"split_hash", trained.split_hash},
                       {"dtype", trained.dtype},
                       {"class_names", trained.class_names}};
  if (!trained.columns.target.empty()) about["columns"] = trained.columns;
  archs::write_tensors(
      file, trained.weights,
      {{"format", "pt"},
       {about_key, about.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)}});
}

Trained read_trained(const std::filesystem::path& file) {
  archs::Metadata metadata;
  auto weights = archs::read_tensors(file, &metadata);
  if (!metadata.contains(about_key)) return from_checkpoint(file);
  try {
    const auto about = nlohmann::json::parse(metadata[about_key]);
    return {.spec = spec_from_json(about.at("spec")),
            .split_hash = about.at("split_hash").get<std::string>(),
            .dtype = about.at("dtype").get<std::string>(),
            .class_names = about.at("class_names").get<std::vector<std::string>>(),
            .weights = std::move(weights),
            .columns = about.value("columns", TableColumns{})};
  } catch (const std::exception& e) {
    throw Error(fmt::format("{}: of another archsweep: {}", file.string(), e.what()));
  }
}

}  // namespace archsweep::runner
