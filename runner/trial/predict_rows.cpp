#include "runner/trial/predict_rows.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "results/export/table.h"
#include "runner/support/csv.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/table_columns.h"

namespace archsweep::runner {
namespace {

struct Samples {
  std::vector<float> rows;
  std::vector<std::string> names;  // "passengers.csv:2"
};

void read_samples(const std::string& file, const TableColumns& columns, Samples& samples) {
  const auto text = read_csv_file(file);
  Csv csv(text, file, csv_separator(text));
  const auto place = [&](const std::string& name) {
    return find_column(csv, name, ", which the network learned from");
  };
  std::vector<std::size_t> categorical, continuous;
  for (const auto& column : columns.categorical) categorical.push_back(place(column.name));
  for (const auto& column : columns.continuous) continuous.push_back(place(column.name));
  while (csv.next()) {
    for (std::size_t c = 0; c < categorical.size(); ++c)
      samples.rows.push_back(code_of(columns.categorical[c], csv.row()[categorical[c]].text));
    for (std::size_t c = 0; c < continuous.size(); ++c) {
      const auto& column = columns.continuous[c];
      samples.rows.push_back(scaled(column, read_number(csv, column, csv.row()[continuous[c]])));
    }
    samples.names.push_back(fmt::format("{}:{}", file, csv.line()));
  }
}

}  // namespace

int predict_rows(const PredictJob& job, Exported& exported, std::span<const std::string> files) {
  Samples samples;
  for (const auto& file : files) read_samples(file, exported.columns(), samples);
  if (samples.names.empty()) throw Error(files[0] + ": no row follows the header");
  const std::size_t columns = samples.rows.size() / samples.names.size();
  std::vector<torch::Tensor> batches;
  for (std::size_t first = 0; first < samples.names.size(); first += job.batch_size) {
    const auto count = std::min<std::size_t>(job.batch_size, samples.names.size() - first);
    const std::span rows(&samples.rows[first * columns], count * columns);
    batches.push_back(exported.logits(rows, std::int64_t(count)).to(torch::kFloat64));
  }
  const auto outputs = torch::cat(batches);
  const auto& classes = exported.class_names();
  const bool is_number = outputs.size(1) == 1;
  results::Rows answer{{"row"}, {}};
  if (is_number) answer.columns.push_back(exported.columns().target);
  if (classes.size() == 2 || !is_number) answer.columns.push_back("class");
  if (!is_number) answer.columns.push_back("probability");
  for (std::int64_t i = 0; i < outputs.size(0); ++i) {
    const auto& name = samples.names[std::size_t(i)];
    if (is_number) {
      const double value = outputs[i][0].item<double>();
      auto& row = answer.rows.emplace_back(std::vector<results::Value>{name, value});
      if (classes.size() == 2) row.push_back(classes[value > 0.5]);
      continue;
    }
    const auto probabilities = outputs[i].softmax(0);
    const auto best = probabilities.argmax().item<std::int64_t>();
    for (std::int64_t c = 0; c < outputs.size(1); ++c)
      if (job.all || c == best)
        answer.rows.push_back({name, classes[std::size_t(c)], probabilities[c].item<double>()});
  }
  fmt::print("{}", results::write_rows(answer, job.format));
  return 0;
}

}  // namespace archsweep::runner
