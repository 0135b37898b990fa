#include "results/import/published.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <unordered_map>

#include <fmt/format.h>

#include "runner/support/csv.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

struct KindRow {
  TableKind kind;
  std::string_view name, what;
  std::initializer_list<std::string_view> columns;  // that tell it
};

// clang-format off
const KindRow kinds[] = {
    {TableKind::accuracy,  "accuracy",  "timm's results-*.csv",         {"model", "img_size", "top1"}},
    {TableKind::inference, "inference", "timm's benchmark-infer-*.csv", {"model", "infer_img_size", "infer_samples_per_sec"}},
    {TableKind::training,  "training",  "timm's benchmark-train-*.csv", {"model", "train_img_size", "train_samples_per_sec"}},
    {TableKind::runs,      "runs",      "fastai_timm.csv",              {"dataset", "model_name", "error_rate", "fit_time"}},
};
// clang-format on

const Field* find(const Csv& csv, std::string_view column) {
  const auto i = csv.find(column);
  return i ? &csv.row()[*i] : nullptr;
}

Error wrong(const Csv& csv, const Field& field, std::string_view column,
            std::string_view expected) {
  return csv.fault(
      field, fmt::format("{} is '{}'; expected {}", column, printable(field.text, 60), expected));
}

struct Range {
  double least, most;
  std::string_view expected;
};

// "1,014.45", as timm writes parameters of large models, without its commas; other text as it is.
std::string without_thousands(std::string_view text) {
  std::string plain;
  const auto point = std::min(text.find('.'), text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_separator = text[i] == ',' && i > 0 && i < point && (point - i) % 4 == 0;
    if (!is_separator) plain += text[i];
  }
  return plain;
}

// A number of the column, NaN where it is blank or there is no such column.
double number(const Csv& csv, std::string_view column, const Range& range) {
  const auto* field = find(csv, column);
  if (!field || field->text.empty()) return not_measured;
  double value = 0;
  const auto text = without_thousands(field->text);
  const auto* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || !(value >= range.least && value <= range.most))
    throw wrong(csv, *field, column, range.expected);
  return value;
}

// Likewise, where the table must say it.
double needed(const Csv& csv, std::string_view column, const Range& range) {
  const double value = number(csv, column, range);
  if (std::isnan(value)) throw wrong(csv, *find(csv, column), column, range.expected);
  return value;
}

// A loss that diverged was written as NaN: not a number to compare with, as a blank.
double loss(const Csv& csv, std::string_view column) {
  const auto* field = find(csv, column);
  if (field && (field->text == "NaN" || field->text == "nan")) return not_measured;
  return number(csv, column, {0, 1e30, "a loss of 0 or more"});
}

std::optional<std::int64_t> whole(const Csv& csv, std::string_view column, const Range& range,
                                  double unit = 1) {
  const double value = number(csv, column, range);
  if (std::isnan(value)) return std::nullopt;
  if (unit == 1 && value != std::floor(value))
    throw wrong(csv, *find(csv, column), column, range.expected);
  return std::llround(value * unit);
}

constexpr Range size_range{1, 65536, "an image size in whole pixels"};
constexpr Range speed_range{1e-9, 1e12, "samples per second above 0"};
constexpr Range batch_range{1, 1e9, "a whole number of images"};

// Throws where it is blank.
int image_size(const Csv& csv, std::string_view column) {
  const auto size = whole(csv, column, size_range);
  if (!size) throw wrong(csv, *find(csv, column), column, size_range.expected);
  return static_cast<int>(*size);
}

std::optional<std::int64_t> parameters(const Csv& csv) {
  return whole(csv, "param_count", {0, 1e9, "parameters in millions"}, 1e6);
}

constexpr std::size_t longest_name = 200;
constexpr std::size_t most_rows = 5'000'000;

std::string word(const Csv& csv, std::string_view column, std::string_view what) {
  const auto& field = *find(csv, column);
  const bool plain = field.text.find_first_of("\r\n") == field.text.npos;
  if (field.text.empty() || field.text.size() > longest_name || !plain)
    throw wrong(csv, field, column,
                fmt::format("{} of 1 to {} bytes in a line", what, longest_name));
  return field.text;
}

struct Name {
  std::string architecture, tag;
};

Name model(const Csv& csv) {
  const auto text = word(csv, "model", "an architecture or ARCHITECTURE.TAG");
  const auto dot = text.find('.');
  if (dot == 0) throw wrong(csv, *find(csv, "model"), "model", "an architecture before the dot");
  return {text.substr(0, dot), dot == text.npos ? "" : text.substr(dot + 1)};
}

TableKind kind_of(const Csv& csv) {
  for (const auto& row : kinds)
    if (std::ranges::all_of(row.columns, [&](auto column) { return csv.find(column).has_value(); }))
      return row.kind;
  std::string known;
  for (const auto& row : kinds)
    known +=
        fmt::format("{}{} ({})", known.empty() ? "" : ", ", row.what, fmt::join(row.columns, ","));
  const auto& first = csv.columns()[0];
  if (csv.columns().size() == 1 && first.find_first_of(";\t|") != first.npos)
    throw csv.fault({{}, 1, 1}, "one column; separate columns by commas");
  throw csv.fault({{}, 1, 1},
                  fmt::format("columns of no table that is known; known are {}", known));
}

PublishedAccuracy read_accuracy(const Csv& csv) {
  constexpr Range percent{0, 100, "a percentage of 0 to 100"};
  auto [architecture, tag] = model(csv);
  const auto* interpolation = find(csv, "interpolation");
  return {.line = csv.line(),
          .architecture = std::move(architecture),
          .tag = std::move(tag),
          .image_size = image_size(csv, "img_size"),
          .top1 = needed(csv, "top1", percent) / 100,
          .top5 = number(csv, "top5", percent) / 100,
          .parameters = parameters(csv),
          .crop_pct = number(csv, "crop_pct", {0, 10, "a share of 0 to 10"}),
          .interpolation = interpolation ? interpolation->text.substr(0, longest_name) : ""};
}

// Of inference, of training or, at the same image size, of both; blank where one was not measured.
PublishedSpeed read_speed(const Csv& csv) {
  PublishedSpeed speed{
      .line = csv.line(),
      .architecture = model(csv).architecture,
      .samples_per_second = number(csv, "infer_samples_per_sec", speed_range),
      .train_samples_per_second = number(csv, "train_samples_per_sec", speed_range),
      .macs =
          whole(csv, "infer_gmacs", {0, 1e9, "billions of multiply-accumulates, 0 or more"}, 1e9),
      .activations = whole(csv, "infer_macts", {0, 1e9, "millions of activations, 0 or more"}, 1e6),
      .parameters = parameters(csv)};
  for (const auto& part : {std::string("infer"), std::string("train")}) {
    const auto column = part + "_img_size";
    const auto size = whole(csv, column, size_range);
    if (size && speed.image_size > 0 && *size != speed.image_size)
      throw wrong(csv, *find(csv, column), column,
                  fmt::format("infer_img_size, {}", speed.image_size));
    if (size) speed.image_size = static_cast<int>(*size);
    const auto batch_size = whole(csv, part + "_batch_size", batch_range);
    if (!speed.batch_size) speed.batch_size = batch_size;
  }
  const std::string part = csv.find("infer_samples_per_sec") ? "infer" : "train";
  if (speed.image_size == 0) image_size(csv, part + "_img_size");
  if (std::isnan(speed.samples_per_second) && std::isnan(speed.train_samples_per_second))
    needed(csv, part + "_samples_per_sec", speed_range);
  return speed;
}

PublishedRun read_run(const Csv& csv) {
  constexpr double gib = 1 << 30;
  return {.line = csv.line(),
          .dataset = word(csv, "dataset", "a data set's name"),
          .architecture = word(csv, "model_name", "an architecture"),
          .error = number(csv, "error_rate", {0, 1, "a share of 0 to 1"}),
          .valid_loss = loss(csv, "valid_loss"),
          .train_loss = loss(csv, "train_loss"),
          .memory_bytes = number(csv, "GPU_mem", {0, 1e6, "GiB, 0 or more"}) * gib,
          .fit_time = number(csv, "fit_time", {1e-9, 1e9, "seconds above 0"})};
}

// In which line each row was first seen, by its words.
class Seen {
 public:
  void add(const Csv& csv, const std::string& what) {
    const auto [first, is_new] = lines_.try_emplace(what, csv.line());
    if (!is_new)
      throw csv.fault(csv.row()[0], fmt::format("{} again; it is in line {}", what, first->second));
  }

 private:
  std::unordered_map<std::string, std::size_t> lines_;
};

void add_row(const Csv& csv, PublishedTable& table, Seen& seen) {
  switch (table.kind) {
    case TableKind::accuracy: {
      const auto& a = table.accuracies.emplace_back(read_accuracy(csv));
      const auto what = fmt::format("{}{}{} at {} px", a.architecture, a.tag.empty() ? "" : ".",
                                    a.tag, a.image_size);
      return seen.add(csv, what);
    }
    case TableKind::inference:
    case TableKind::training: {
      const auto& s = table.speeds.emplace_back(read_speed(csv));
      const auto what = fmt::format("{} at {} px{}", s.architecture, s.image_size,
                                    s.batch_size ? fmt::format(", batch {}", *s.batch_size) : "");
      return seen.add(csv, what);
    }
    case TableKind::runs:
      table.runs.push_back(read_run(csv));
  }
}

}  // namespace

std::string_view name(TableKind kind) {
  return kinds[static_cast<std::size_t>(kind)].name;
}

PublishedTable read_published(std::string_view text, const std::string& file) {
  Csv csv(text, file);
  PublishedTable table{.kind = kind_of(csv)};
  Seen seen;
  while (csv.next()) {
    if (table.rows() == most_rows)
      throw csv.fault(csv.row()[0], fmt::format("more than {} rows", most_rows));
    add_row(csv, table, seen);
  }
  if (table.rows() == 0) throw Error(fmt::format("{}: a header and no rows", file));
  return table;
}

}  // namespace archsweep::results
