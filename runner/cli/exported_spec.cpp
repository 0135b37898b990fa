#include "runner/cli/exported_spec.h"

#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "archs/catalog.h"
#include "runner/support/error.h"

namespace archsweep::cli {

runner::TrialSpec spec_of_export(const std::filesystem::path& folder) {
  const auto path = std::filesystem::absolute(folder / "config.json").lexically_normal();
  const auto file = (folder / "config.json").lexically_normal().string();
  std::ifstream text(file);
  if (!text)
    throw Error(fmt::format("{}: no such file; `archsweep export` writes such folders", file));
  try {
    const auto json = nlohmann::json::parse(text);
    const auto& input = json.at("archsweep").at("input");
    if (input.contains("columns"))
      throw Error(file + ": of a table; its sweep has measured it, and images have no part in it");
    runner::TrialSpec spec;
    spec.architecture = archs::get(json.at("architecture").get<std::string>()).name;
    spec.dataset.kind = "random";
    spec.dataset.image_size = spec.dataset.stored_size = input.at("image_size").get<int>();
    spec.dataset.channels = input.at("channels").get<int>();
    spec.training.precision = input.at("precision").get<std::string>();
    spec.training.layout = input.at("layout").get<std::string>();
    spec.measurement.exported = path.parent_path();
    return spec;
  } catch (const nlohmann::json::exception& e) {
    throw Error(fmt::format("{}: not of `archsweep export`: {}", file, e.what()));
  }
}

}  // namespace archsweep::cli
