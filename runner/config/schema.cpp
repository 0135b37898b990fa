#include <cmath>

#include <nlohmann/json.hpp>

#include "runner/config/config.h"
#include "runner/config/keys.h"
#include "runner/config/recipes.h"

namespace archsweep::runner {
namespace {

using Json = nlohmann::ordered_json;

Json type_of(const Key& key) {
  Json schema{{"description", key.help}};
  std::visit(
      [&](auto* target) {
        using T = std::remove_pointer_t<decltype(target)>;
        if constexpr (std::is_same_v<T, bool>) {
          schema["type"] = "boolean";
        } else if constexpr (std::is_same_v<T, std::string>) {
          // `slots: 2` is text to the reader and a number to an editor.
          schema["type"] = key.words.empty() ? Json{"string", "number"} : Json("string");
          if (!key.words.empty()) schema["enum"] = key.words;
        } else if constexpr (std::is_arithmetic_v<T>) {
          schema["type"] = std::is_integral_v<T> ? "integer" : "number";
          if (!key.words.empty()) {
            schema["type"] = {schema["type"], "string"};
            schema["pattern"] = "^" + key.words[0] + "$";
          }
          schema["minimum"] = key.min;
          if (key.max < std::numeric_limits<double>::max()) schema["maximum"] = key.max;
        } else {
          schema["type"] = "array";
          schema["items"] = {{"type", "integer"}, {"minimum", key.min}, {"maximum", key.max}};
        }
        if constexpr (std::is_same_v<T, double>) {
          if (!std::isnan(*target)) schema["default"] = *target;
        } else if constexpr (!std::is_same_v<T, std::string>) {
          schema["default"] = *target;
        }
        if (schema.contains("pattern")) schema["default"] = key.words[0];
        if constexpr (std::is_same_v<T, std::string>)
          if (!target->empty()) schema["default"] = *target;
      },
      key.target);
  return schema;
}

Json object() {
  return {{"type", "object"}, {"additionalProperties", false}, {"properties", Json::object()}};
}

Json learning_rate() {
  const Json number{{"type", "number"}, {"exclusiveMinimum", 0}};
  Json words{"find"};  // by the finder
  for (const auto rule : rate_rules) words.push_back(rule);
  const Json one{{"anyOf", {number, Json{{"enum", words}}}}};
  Json range = object();
  range["properties"] = {
      {"from", number}, {"to", number}, {"points", {{"type", "integer"}, {"minimum", 2}}}};
  range["required"] = {"from", "to", "points"};
  return {{"description", "a value, a list, a log range, or find: by the learning-rate finder"},
          {"anyOf", {one, Json{{"type", "array"}, {"items", one}, {"minItems", 1}}, range}}};
}

Json augmentation() {
  Json steps = Json::array();
  for (const auto& kind : augment_kinds()) {
    Json parameters = object();
    for (const auto& p : kind.parameters)
      if (!p.name.empty())
        parameters["properties"][std::string(p.name)] = {{"type", "number"},
                                                         {"minimum", p.min},
                                                         {"maximum", p.max},
                                                         {"default", p.value},
                                                         {"description", p.help}};
    Json step = object();
    step["description"] = kind.help;
    step["properties"][std::string(kind.name)] = {
        {"anyOf", {Json{{"type", "number"}}, parameters}}};
    steps.push_back({{"const", kind.name}, {"description", kind.help}});
    if (!kind.parameters[0].name.empty()) steps.push_back(step);
  }
  Json ways{{{"type", "array"}, {"items", {{"anyOf", steps}}}}};
  for (const auto& word : augment_words())
    ways.push_back({{"const", word.name}, {"description", word.help}});
  return {{"description", "one word, or a list of steps"}, {"anyOf", ways}};
}

}  // namespace

std::string json_schema() {
  Settings settings;
  settings.dataset.stored_size = 0;
  settings.dataset.resize = "crop";
  settings.dataset.bad_images = "skip";
  Json schema = object();
  auto& properties = schema["properties"];
  Json entry = object();
  entry["required"] = {"name"};
  entry["properties"] = {{"name", {{"type", "string"}}}, {"learning_rate", learning_rate()}};
  for (const auto& key : keys(settings)) {
    const auto dot = key.path.find('.');
    const std::string section(key.path.substr(0, dot)), name(key.path.substr(dot + 1));
    if (!properties.contains(section)) properties[section] = object();
    properties[section]["properties"][name] = type_of(key);
    if (section == "training" || name == "image_size") entry["properties"][name] = type_of(key);
  }
  properties["dataset"]["required"] = {"kind"};
  properties["training"]["properties"]["seeds"] = {
      {"description", "how many, or which"},
      {"anyOf",
       {Json{{"type", "integer"}, {"minimum", 1}},
        Json{{"type", "array"}, {"items", {{"type", "integer"}, {"minimum", 0}}}}}}};
  Json words = Json::array();
  for (const auto& recipe : recipes())
    words.push_back({{"const", recipe.name}, {"description", recipe.help}});
  properties["training"]["properties"]["recipe"] = {
      {"description", "one word for the values below that are not given"}, {"anyOf", words}};
  properties["training"]["properties"]["base_lr"] = learning_rate();
  properties["training"]["properties"]["base_lr"]["description"] =
      "with a recipe, in place of learning_rate: the rate as the recipe counts it";
  properties["output"]["properties"]["plots"] = {
      {"description", "pictures drawn when the sweep ends"},
      {"type", "array"},
      {"items", {{"type", "string"}, {"pattern", "\\.(html|svg|png)$"}}}};
  properties["extends"] = {{"type", "string"},
                           {"description", "another config, of which this one replaces values"}};
  properties["augmentation"] = augmentation();
  properties["architectures"] = {
      {"description", "names, globs, '!' exclusions, or entries with values of their own"},
      {"type", "array"},
      {"minItems", 1},
      {"items", {{"anyOf", {Json{{"type", "string"}}, entry}}}}};
  properties["learning_rate"] = learning_rate();
  Json document{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                {"title", "archsweep config"}};
  document.update(schema);
  return document.dump(2) + "\n";
}

}  // namespace archsweep::runner
