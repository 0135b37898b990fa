#include "runner/trial/predict_rows.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "runner/support/csv.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/table_columns.h"
#include "runner/trial/predict.h"

namespace archsweep::runner {
namespace {

// Cells of a column that the network can only guess at.
struct Guesses {
  std::size_t count = 0;
  std::string first, text;  // "passengers.csv:2", and what that cell holds
};

std::vector<std::string> columns_of(const Exported& exported) {
  std::vector<std::string> columns{"row"};
  if (exported.gives_number()) columns.push_back(exported.columns().target);
  if (exported.class_names().size() == 2 || !exported.gives_number()) columns.push_back("class");
  if (!exported.gives_number()) columns.push_back("probability");
  return columns;
}

class RowPrediction {
 public:
  RowPrediction(const PredictJob& job, Exported& exported)
      : job_(job),
        exported_(exported),
        categorical_(exported.columns().categorical),
        continuous_(exported.columns().continuous),
        missing_(categorical_.size() + continuous_.size()),
        unknown_(categorical_.size()),
        answer_(columns_of(exported), job.format) {}

  int run(std::span<const std::string> files) {
    for (const auto& file : files) read(file);
    predict_batch();
    const int code = answer_.end();
    tell_guesses();
    return code;
  }

 private:
  void read(const std::string& file) {
    std::string text;
    std::optional<Csv> csv;
    std::vector<std::size_t> places;
    const auto place = [&](const std::string& name) {
      places.push_back(find_column(*csv, name, ", which the network learned from"));
    };
    try {
      text = read_csv_file(file);
      csv.emplace(text, file, csv_separator(text));
      for (const auto& column : categorical_) place(column.name);
      for (const auto& column : continuous_) place(column.name);
    } catch (const Error& e) {
      return answer_.fault(e.what());
    }
    std::size_t rows = 0;  // with those at fault
    for (;; ++rows) {
      try {
        if (!csv->next()) break;
      } catch (const RowError& e) {
        answer_.fault(e.what());
        continue;
      } catch (const Error& e) {
        return answer_.fault(e.what());
      }
      add_row(*csv, places, fmt::format("{}:{}", file, csv->line()));
    }
    if (rows == 0) answer_.fault(file + ": no row follows the header");
  }

  void add_row(const Csv& csv, const std::vector<std::size_t>& places, const std::string& name) {
    std::vector<float> values;
    std::vector<std::pair<Guesses*, const Field*>> guesses;
    for (std::size_t c = 0; c < places.size(); ++c) {
      const auto& field = csv.row()[places[c]];
      try {
        if (is_missing(field.text)) {
          if (exported_.drops_missing()) throw missing(csv, field, places[c]);
          guesses.emplace_back(&missing_[c], &field);
        }
        if (c < categorical_.size()) {
          values.push_back(code_of(categorical_[c], field.text));
          if (values.back() == 0 && !is_missing(field.text))
            guesses.emplace_back(&unknown_[c], &field);
        } else {
          const auto& column = continuous_[c - categorical_.size()];
          values.push_back(scaled(column, read_number(csv, column, field)));
        }
      } catch (const Error& e) {
        answer_.fault(e.what());
      }
    }
    if (values.size() < places.size()) return;
    for (const auto& [of_column, field] : guesses)
      if (of_column->count++ == 0) of_column->first = name, of_column->text = field->text;
    batch_.insert(batch_.end(), values.begin(), values.end());
    names_.push_back(name);
    if (names_.size() == static_cast<std::size_t>(job_.batch_size)) predict_batch();
  }

  static Error missing(const Csv& csv, const Field& field, std::size_t place) {
    return csv.fault(field, fmt::format("{}: is missing; training left such rows out "
                                        "(dataset.missing: drop)",
                                        printable(csv.columns()[place], 80)));
  }

  void predict_batch() {
    if (names_.empty()) return;
    const auto outputs =
        exported_.logits(batch_, static_cast<std::int64_t>(names_.size())).to(torch::kFloat64);
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const auto of_row = outputs[static_cast<std::int64_t>(i)];
      if (of_row.isfinite().all().item<bool>())
        answer(names_[i], of_row);
      else
        answer_.fault(fmt::format("{}: {}", names_[i], no_numbers));
    }
    batch_.clear();
    names_.clear();
    answer_.end_batch();
  }

  void answer(const std::string& name, const torch::Tensor& outputs) {
    const auto& classes = exported_.class_names();
    if (exported_.gives_number()) {
      const double value = outputs.item<double>();
      std::vector<results::Value> row{name, value};
      if (classes.size() == 2) row.emplace_back(classes[value > 0.5]);
      return answer_.add(std::move(row));
    }
    const auto probabilities = outputs.softmax(0);
    const auto best = probabilities.argmax().item<std::int64_t>();
    for (std::int64_t c = 0; c < outputs.size(0); ++c)
      if (job_.all || c == best)
        answer_.add({name, classes[static_cast<std::size_t>(c)], probabilities[c].item<double>()});
  }

  void tell_guesses() const {
    const auto tell = [](const std::string& column, const Guesses& cells, const std::string& what) {
      if (cells.count > 0)
        fmt::print(stderr, "{}: {} {} {}\n", printable(column, 80), cells.count,
                   cells.count == 1 ? "cell is" : "cells are", what);
    };
    for (std::size_t c = 0; c < categorical_.size(); ++c) {
      const auto& [name, levels] = categorical_[c];
      tell(name, unknown_[c],
           fmt::format("of no level that training had, first '{}' at {}",
                       printable(unknown_[c].text, 60), unknown_[c].first));
      const bool had_missing = std::ranges::count(levels, "") > 0;
      tell(name, missing_[c],
           fmt::format("missing, first at {}: {}", missing_[c].first,
                       had_missing ? "taken as a missing value, as in training"
                                   : "taken as of no level that training had"));
    }
    for (std::size_t c = 0; c < continuous_.size(); ++c) {
      const auto& cells = missing_[categorical_.size() + c];
      tell(continuous_[c].name, cells,
           fmt::format("missing, first at {}: replaced by {}, the median of the training rows",
                       cells.first, continuous_[c].median));
    }
  }

  const PredictJob& job_;
  Exported& exported_;
  const std::vector<CategoryColumn>& categorical_;
  const std::vector<NumberColumn>& continuous_;
  std::vector<Guesses> missing_, unknown_;  // a column
  Answer answer_;
  std::vector<float> batch_;
  std::vector<std::string> names_;  // of its rows
};

}  // namespace

int predict_rows(const PredictJob& job, Exported& exported, std::span<const std::string> files) {
  return RowPrediction(job, exported).run(files);
}

}  // namespace archsweep::runner
