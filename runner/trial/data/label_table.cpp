#include <algorithm>
#include <charconv>
#include <cmath>
#include <initializer_list>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runner/support/csv.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/labels.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

using Names = std::vector<std::string>;

// A column that the config names, or the first with a usual name.
std::optional<std::size_t> column(const Csv& csv, const std::string& table, const char* key,
                                  const std::string& named, const Names& usual, bool needed) {
  for (const auto& name : named.empty() ? usual : Names{named})
    if (const auto at = csv.find(name)) return at;
  if (!needed && named.empty()) return {};
  throw Error(fmt::format("{}:1:1: no column {}; it has {}; name one by dataset.{}", table,
                          named.empty() ? fmt::format("named {}", fmt::join(usual, ", ")) : named,
                          fmt::join(csv.columns(), ", "), key));
}

std::optional<Part> part_of(const std::string& text) {
  static const std::map<std::string, Part> words{
      {"train", Part::train}, {"training", Part::train},   {"false", Part::train},
      {"valid", Part::valid}, {"validation", Part::valid}, {"val", Part::valid},
      {"true", Part::valid},  {"0", Part::train},          {"1", Part::valid},
      {"", Part::either}};
  const auto at = words.find(lower_case(text));
  if (at == words.end()) return {};
  return at->second;
}

std::optional<float> weight_of(const std::string& text) {
  float weight = 0;
  const auto end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, weight);
  if (error != std::errc() || at != end || !std::isfinite(weight) || weight < 0) return {};
  return weight;
}

}  // namespace

Labels label_by_table(const ImageFiles& images, const DatasetSpec& spec) {
  const auto text = read_csv_file(spec.table);
  Csv csv(text, spec.table, csv_separator(text));
  const auto path =
      *column(csv, spec.table, "path_column", spec.path_column,
              {"path", "file", "filename", "file_name", "fname", "image", "name"}, true);
  const auto label = *column(csv, spec.table, "label_column", spec.label_column,
                             {"label", "labels", "class", "category", "target"}, true);
  const auto split =
      column(csv, spec.table, "split_column", spec.split_column, {"split", "is_valid"}, false);
  const auto weight =
      column(csv, spec.table, "weight_column", spec.weight_column, {"weight"}, false);
  std::unordered_map<std::string, std::uint32_t> places;
  for (std::uint32_t i = 0; i < images.files.size(); ++i) places[images.files[i].path] = i;

  Labels labels;
  labels.has_weights = weight.has_value();
  std::vector<std::pair<Labelled, std::string>> rows;
  std::unordered_map<std::uint32_t, std::size_t> seen;  // the line of each file
  bool any_train = false, any_valid = false;
  while (csv.next()) {
    const auto& row = csv.row();
    if (row[path].text.empty()) throw csv.fault(row[path], "no path");
    if (row[label].text.empty()) throw csv.fault(row[label], "no label");
    auto part = std::optional(Part::either);
    if (split) {
      if (const auto word = lower_case(row[*split].text); word == "test" || word == "unused")
        continue;
      part = part_of(row[*split].text);
      if (!part)
        throw csv.fault(row[*split], fmt::format("'{}' is none of train, valid, test",
                                                 printable(row[*split].text, 60)));
    }
    const auto counts = weight ? weight_of(row[*weight].text) : std::optional(1.0f);
    if (!counts)
      throw csv.fault(row[*weight], fmt::format("weight '{}' is no number of 0 or more",
                                                printable(row[*weight].text, 60)));
    const auto at = places.find(fs::path(row[path].text).lexically_normal().string());
    if (at == places.end()) {
      labels.left_out.push_back(fmt::format("{}:{}:{}: no file '{}' in {}", spec.table,
                                            row[path].line, row[path].column,
                                            printable(row[path].text, 200), images.root.string()));
      continue;
    }
    if (const auto [before, is_new] = seen.emplace(at->second, csv.line()); !is_new)
      throw csv.fault(row[path], fmt::format("'{}' stands in line {} already",
                                             printable(row[path].text, 200), before->second));
    any_train |= *part == Part::train;
    any_valid |= *part == Part::valid;
    rows.push_back({{at->second, 0, *part, *counts}, row[label].text});
  }
  if (rows.empty())
    throw Error(labels.left_out.empty()
                    ? fmt::format("{}: no row names an image to train on", spec.table)
                    : labels.left_out[0] + "; paths are from dataset.root, and not absolute");
  // A column that is `train` throughout says what may be used, not what is held out.
  if (any_train && !any_valid)
    for (auto& [image, name] : rows) image.part = Part::either;
  std::ranges::sort(rows, {}, [](const auto& row) { return row.first.file; });
  std::vector<std::string> classes;
  for (auto& [image, name] : rows) {
    labels.images.push_back(image);
    classes.push_back(std::move(name));
  }
  number_classes(labels, classes);
  return labels;
}

}  // namespace archsweep::runner
