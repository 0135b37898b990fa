#include <fstream>
#include <iterator>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "runner/config/config.h"
#include "runner/config/keys.h"

using namespace archsweep::runner;

TEST_CASE("the committed JSON Schema is the program's") {
  std::ifstream file(SOURCE_ROOT "/configs/archsweep.schema.json");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  CHECK(text == json_schema());  // archsweep schema > configs/archsweep.schema.json
}

TEST_CASE("every key of the reader is in the schema") {
  const auto schema = nlohmann::json::parse(json_schema());
  Settings settings;
  for (const auto& key : keys(settings)) {
    const auto dot = key.path.find('.');
    INFO(key.path);
    CHECK(schema["properties"][std::string(key.path.substr(0, dot))]["properties"].contains(
        std::string(key.path.substr(dot + 1))));
  }
}
