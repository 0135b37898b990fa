// Any bytes as a published table: either an Error, or rows whose numbers are what they may be. And
// any bytes as a plain CSV file: every row has a field a column, each in its place.

#include <cmath>

#include "results/import/published.h"
#include "runner/support/csv.h"
#include "runner/support/error.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;
using fuzz::require;

namespace {

bool is_share(double value) {
  return std::isnan(value) || (value >= 0 && value <= 1);
}
bool is_positive(double value) {
  return std::isnan(value) || (value > 0 && std::isfinite(value));
}

void read_rows(std::string_view text) {
  Csv csv(text, "fuzz");
  std::size_t line = 1;
  while (csv.next()) {
    require(csv.row().size() == csv.columns().size(), "a field a column");
    for (const auto& field : csv.row()) {
      require(field.line >= line && field.column >= 1, "fields follow one another");
      line = field.line;
    }
  }
}

void read_table(std::string_view text) {
  const auto table = results::read_published(text, "fuzz");
  require(table.rows() > 0, "a table has rows");
  for (const auto& a : table.accuracies)
    require(!a.architecture.empty() && a.image_size > 0 && is_share(a.top1) && is_share(a.top5),
            "an accuracy is a share of a name");
  for (const auto& s : table.speeds)
    require(!s.architecture.empty() && s.image_size > 0 && is_positive(s.samples_per_second) &&
                is_positive(s.train_samples_per_second),
            "a speed is above 0");
  for (const auto& r : table.runs)
    require(!r.dataset.empty() && is_share(r.error) && is_positive(r.fit_time),
            "a run has a data set, an error that is a share");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = fuzz::text(bytes, size);
  for (auto* read : {read_rows, read_table}) {
    try {
      read(text);
    } catch (const Error&) {
    }
  }
  return 0;
}
