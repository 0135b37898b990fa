#include "runner/trial/data/table.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/csv.h"
#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/text.h"
#include "runner/trial/data/split.h"
#include "runner/trial/data/table_columns.h"

namespace archsweep::runner {
namespace {

// A target of more whole numbers than this is a number, not a class.
constexpr std::size_t most_whole_classes = 100;

// The cells of the rows that are used, column by column.
struct Cells {
  std::vector<std::string> target;
  std::vector<std::vector<std::string>> categories;
  std::vector<std::vector<double>> numbers;  // not normalised; NaN: missing
  std::vector<std::size_t> lines;
  std::vector<std::string> left_out;
};

NumberColumn number_column(const DatasetSpec& spec, std::size_t c) {
  return {.name = spec.continuous[c], .log = std::ranges::count(spec.log, spec.continuous[c]) > 0};
}

Cells read_cells(const std::string& text, const DatasetSpec& spec) {
  Csv csv(text, spec.root, csv_separator(text));
  const auto places = [&](const std::vector<std::string>& names) {
    std::vector<std::size_t> all;
    for (const auto& name : names) all.push_back(find_column(csv, name));
    return all;
  };
  const auto target = find_column(csv, spec.target);
  const auto categorical = places(spec.categorical), continuous = places(spec.continuous);

  Cells cells;
  cells.categories.resize(categorical.size());
  cells.numbers.resize(continuous.size());
  std::vector<double> numbers(continuous.size());
  while (csv.next()) {
    const auto& row = csv.row();
    const Field* missing = is_missing(row[target].text) ? &row[target] : nullptr;
    if (spec.missing == "drop")
      for (const auto at : categorical)
        if (!missing && is_missing(row[at].text)) missing = &row[at];
    for (std::size_t c = 0; c < continuous.size(); ++c) {
      numbers[c] = read_number(csv, number_column(spec, c), row[continuous[c]]);
      if (std::isnan(numbers[c]) && !missing && spec.missing == "drop")
        missing = &row[continuous[c]];
    }
    if (missing) {
      const auto place = static_cast<std::size_t>(missing - row.data());
      cells.left_out.push_back(
          fmt::format("{}:{}: no {}", spec.root, csv.line(), csv.columns()[place]));
      continue;
    }
    cells.target.push_back(row[target].text);
    for (std::size_t c = 0; c < categorical.size(); ++c) {
      const auto& text = row[categorical[c]].text;
      cells.categories[c].push_back(is_missing(text) ? "" : text);
    }
    for (std::size_t c = 0; c < continuous.size(); ++c) cells.numbers[c].push_back(numbers[c]);
    cells.lines.push_back(csv.line());
  }
  if (cells.lines.empty())
    throw Error(cells.left_out.empty()
                    ? fmt::format("{}:1:1: no row follows the header", spec.root)
                    : fmt::format("{}; no row is complete: dataset.missing: median keeps them",
                                  cells.left_out[0]));
  return cells;
}

// What a data set owns.
struct Storage {
  std::vector<float> rows, values;
  std::vector<std::int32_t> labels;
  std::vector<std::size_t> lines;
};

// Words, and few whole numbers, are classes; the rest are numbers, of mse all but two values.
void read_target(const Cells& cells, const DatasetSpec& spec, Dataset& dataset, Storage& storage) {
  std::vector<double> values;
  bool is_whole = true;
  for (const auto& text : cells.target) {
    const auto value = parse_number(text);
    if (!value) break;
    is_whole &= *value == std::floor(*value);
    values.push_back(*value);
  }
  const bool are_numbers = values.size() == cells.target.size();
  const std::set<double> different(values.begin(), values.end());
  const std::set<std::string> words(cells.target.begin(), cells.target.end());
  const auto values_or_words = are_numbers ? different.size() : words.size();
  if (values_or_words < 2)
    throw Error(
        fmt::format("{}:{}: {} is '{}' here and in every row that is used: there is "
                    "nothing to learn",
                    spec.root, cells.lines[0], spec.target, printable(cells.target[0], 60)));
  const bool is_number = spec.number_target && values_or_words != 2;
  if (is_number && !are_numbers)
    throw Error(
        fmt::format("{}:{}: {}: '{}' is no number that float32 can hold; of more than two "
                    "classes training.loss is cross_entropy, not mse",
                    spec.root, cells.lines[values.size()], spec.target,
                    printable(cells.target[values.size()], 60)));
  const auto number_classes = [&](const auto& classes, const auto& each) {
    for (const auto& value : each)
      storage.labels.push_back(
          static_cast<std::int32_t>(std::distance(classes.begin(), classes.find(value))));
    for (const auto& value : classes) dataset.class_names.push_back(fmt::format("{}", value));
    dataset.classes = static_cast<int>(classes.size());
  };
  if (!are_numbers)
    number_classes(words, cells.target);
  else if (is_whole && !is_number && different.size() <= most_whole_classes)
    number_classes(different, values);
  else
    storage.labels.assign(values.size(), 0);
  // Of two classes the second is 1.
  if (dataset.classes == 2)
    storage.values.assign(storage.labels.begin(), storage.labels.end());
  else if (dataset.classes == 0)
    storage.values.assign(values.begin(), values.end());
  if (!storage.values.empty()) dataset.values = storage.values.data();
  dataset.labels = storage.labels.data();
}

Split split_rows(const Dataset& dataset, const Storage& storage, const DatasetSpec& spec) {
  if (spec.valid_fraction == 0 && spec.folds == 0) {
    std::vector<std::uint32_t> all(storage.labels.size());
    std::iota(all.begin(), all.end(), 0U);
    return {all, all};
  }
  if (dataset.classes == static_cast<int>(storage.labels.size()))
    throw Error(
        fmt::format("{}: every row has a {} of its own, so none can be held out; where it "
                    "is a number say training.loss: mse",
                    spec.root, spec.target));
  const Source source{
      .class_names = dataset.classes ? dataset.class_names : std::vector<std::string>{""},
      .labels = storage.labels,
      .parts = std::vector<Part>(storage.labels.size(), Part::either)};
  return make_split(source, spec);
}

CategoryColumn fit_category(const std::string& name, const std::vector<std::string>& cells,
                            const std::vector<std::uint32_t>& train) {
  CategoryColumn column{.name = name};
  for (const auto row : train) column.levels.push_back(cells[row]);
  std::ranges::sort(column.levels);
  column.levels.erase(std::unique(column.levels.begin(), column.levels.end()), column.levels.end());
  return column;
}

NumberColumn fit_number(const DatasetSpec& spec, std::size_t c, const std::vector<double>& cells,
                        const std::vector<std::uint32_t>& train) {
  auto column = number_column(spec, c);
  std::vector<double> values;
  for (const auto row : train)
    if (!std::isnan(cells[row])) values.push_back(cells[row]);
  if (values.empty())
    throw Error(fmt::format("{}: no training row has a {}", spec.root, column.name));
  std::ranges::sort(values);
  column.median = std::midpoint(values[(values.size() - 1) / 2], values[values.size() / 2]);
  // As the network will see them: those that are missing as the median.
  std::vector<double> seen;
  for (const auto row : train) {
    const double x = std::isnan(cells[row]) ? column.median : cells[row];
    seen.push_back(column.log ? std::log10(x + 1) : x);
  }
  const auto count = static_cast<double>(seen.size());
  double spread = 0;
  if (spec.normalize == "max") {
    for (const double x : seen) spread = std::max(spread, std::abs(x));
  } else {
    column.shift = std::accumulate(seen.begin(), seen.end(), 0.0) / count;
    for (const double x : seen) spread += (x - column.shift) * (x - column.shift);
    spread = std::sqrt(spread / count);
  }
  if (spread > 0) column.scale = spread;
  return column;
}

}  // namespace

Dataset open_table(const DatasetSpec& spec) {
  const auto text = read_csv_file(spec.root);
  auto cells = read_cells(text, spec);
  auto storage = std::make_shared<Storage>();
  storage->lines = cells.lines;
  Dataset dataset;
  dataset.count = cells.lines.size();
  dataset.bad_files = std::move(cells.left_out);
  read_target(cells, spec, dataset, *storage);
  auto [train, valid] = split_rows(dataset, *storage, spec);

  auto& columns = dataset.columns;
  columns.target = spec.target;
  for (std::size_t c = 0; c < spec.categorical.size(); ++c)
    columns.categorical.push_back(fit_category(spec.categorical[c], cells.categories[c], train));
  for (std::size_t c = 0; c < spec.continuous.size(); ++c)
    columns.continuous.push_back(fit_number(spec, c, cells.numbers[c], train));
  dataset.categories = codes_of(columns);
  dataset.numbers = static_cast<int>(spec.continuous.size());
  for (std::size_t row = 0; row < dataset.count; ++row) {
    for (std::size_t c = 0; c < columns.categorical.size(); ++c)
      storage->rows.push_back(code_of(columns.categorical[c], cells.categories[c][row]));
    for (std::size_t c = 0; c < columns.continuous.size(); ++c)
      storage->rows.push_back(scaled(columns.continuous[c], cells.numbers[c][row]));
  }
  dataset.rows = storage->rows.data();
  dataset.name = [storage = storage.get(), file = spec.root](std::size_t row) {
    return fmt::format("{}:{}", file, storage->lines[row]);
  };
  dataset.storage = storage;
  Sha256 hash;
  hash.add(text);
  const nlohmann::json::array_t columns_and_classes{spec.target, spec.categorical, spec.continuous,
                                                    dataset.class_names};
  hash.add(nlohmann::json(columns_and_classes).dump());
  for (const auto* side : {&train, &valid}) {
    for (const auto row : *side) hash.add(fmt::format("{} ", row));
    hash.add("\n");
  }
  dataset.split_hash = hash.hex();
  dataset.train = std::move(train);
  dataset.valid = std::move(valid);
  return dataset;
}

}  // namespace archsweep::runner
