// Any text as a table to train on: every row has numbers, codes that its columns have, and a class,
// or an Error.

#include <cmath>

#include "runner/support/error.h"
#include "runner/trial/data/table.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;
using namespace archsweep::runner;
using fuzz::require;

namespace {

void check(const Dataset& data) {
  require(!data.train.empty() && !data.valid.empty(), "both parts have rows");
  for (const auto* part : {&data.train, &data.valid})
    for (const auto row : *part) require(row < data.count, "a part has rows of the table");
  const float* cell = data.rows;
  for (std::size_t row = 0; row < data.count; ++row) {
    for (const int codes : data.categories) {
      require(*cell >= 0 && *cell < static_cast<float>(codes) && *cell == std::floor(*cell),
              "a code is one of its column's");
      ++cell;
    }
    for (int i = 0; i < data.numbers; ++i, ++cell)
      require(!std::isnan(*cell), "a cell is a number");
    if (data.values) require(std::isfinite(data.values[row]), "a value is a number");
    if (data.classes)
      require(data.labels[row] >= 0 && data.labels[row] < data.classes, "a label has a class");
    require(data.values || data.classes, "there is something to learn");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const fuzz::Folder folder;
  folder.write("table.csv", fuzz::text(bytes, size));
  for (const char* missing : {"drop", "median"}) {
    DatasetSpec spec{.kind = "table", .root = folder.path / "table.csv"};
    spec.target = "y";
    spec.categorical = {"c"};
    spec.continuous = {"a", "b"};
    spec.log = {"b"};
    spec.missing = missing;
    spec.normalize = *missing == 'd' ? "max" : "standard";
    spec.number_target = *missing == 'd';
    spec.valid_fraction = 0.3;
    try {
      check(open_table(spec));
    } catch (const Error&) {
    }
  }
  return 0;
}
