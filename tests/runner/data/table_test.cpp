#include "runner/trial/data/table.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "runner/support/error.h"
#include "runner/trial/data/batches.h"
#include "runner/trial/data/table_columns.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;
using Names = std::vector<std::string>;
using Row = std::vector<float>;

namespace {

struct Table : Folder {
  DatasetSpec spec;

  explicit Table(const std::string& text) {
    write("t.csv", text);
    spec = {.kind = "table",
            .root = (path / "t.csv").string(),
            .image_size = 0,
            .stored_size = 0,
            .channels = 0,
            .valid_fraction = 0,
            .target = "y",
            .missing = "drop",
            .normalize = "max"};
  }
  Dataset open() const { return open_dataset(spec, ""); }
  std::string fault() const {
    try {
      open();
      return "";
    } catch (const Error& e) {
      const std::string message = e.what();
      CHECK_THAT(message, Contains(spec.root));
      return message.substr(message.find("t.csv"));
    }
  }
};

Row row(const Dataset& d, std::size_t i) {
  return {d.row(i).begin(), d.row(i).end()};
}

}  // namespace

TEST_CASE("categories become codes and numbers shares of the largest", "[table]") {
  Table t("y,c,x\nno,b,1\nyes,a,-4\nno,b,2\n");
  t.spec.categorical = {"c"}, t.spec.continuous = {"x"};
  const auto d = t.open();
  CHECK(d.has_rows());
  CHECK(d.class_names == Names{"no", "yes"});
  CHECK(d.categories == std::vector<int>{3});
  CHECK(d.numbers == 1);
  CHECK(row(d, 0) == Row{2, 0.25F});
  CHECK(row(d, 1) == Row{1, -1});
  CHECK(d.label(1) == 1);
  CHECK(d.values[1] == 1);
  CHECK(d.train == d.valid);
  CHECK(d.name(2) == t.spec.root + ":4");
  CHECK(d.columns.continuous[0].scale == 4);
}

TEST_CASE("what columns need is learned from the training rows alone", "[table]") {
  std::string text = "y,c,x\n";
  for (int i = 0; i < 40; ++i)
    text += std::to_string(i % 2) + ",c" + std::to_string(i) + "," + std::to_string(i * i) + "\n";
  Table t(text);
  t.spec.categorical = {"c"}, t.spec.continuous = {"x"}, t.spec.log = {"x"};
  t.spec.normalize = "standard", t.spec.valid_fraction = 0.25;
  const auto d = t.open();
  REQUIRE(d.train.size() == 30);
  REQUIRE(d.valid.size() == 10);
  CHECK(d.columns.categorical[0].levels.size() == 30);
  for (const auto i : d.valid) CHECK(d.row(i)[0] == 0);  // never seen
  double sum = 0, squares = 0;
  for (const auto i : d.train) {
    const double x = std::log10(double(i) * i + 1);
    CHECK(d.row(i)[1] ==
          Approx((x - d.columns.continuous[0].shift) / d.columns.continuous[0].scale));
    sum += d.row(i)[1], squares += double(d.row(i)[1]) * d.row(i)[1];
  }
  CHECK(sum == Approx(0).margin(1e-4));
  CHECK(squares / 30 == Approx(1));
  // The same file, the same split; another seed, another.
  CHECK(t.open().split_hash == d.split_hash);
  t.spec.split_seed = 7;
  CHECK(t.open().split_hash != d.split_hash);
  // They survive being kept.
  const auto kept = nlohmann::json(d.columns).get<TableColumns>();
  CHECK(nlohmann::json(kept) == nlohmann::json(d.columns));
}

TEST_CASE("rows without a value are dropped by line, or filled in", "[table]") {
  Table t("y,c,x\n0,a,1\n1,,2\n0,b,\n1,a,NaN\n,a,9\n1,b,7\n");
  t.spec.categorical = {"c"}, t.spec.continuous = {"x"};
  const auto dropped = t.open();
  CHECK(dropped.size() == 2);
  const auto file = t.spec.root;
  CHECK(dropped.bad_files ==
        Names{file + ":3: no c", file + ":4: no x", file + ":5: no x", file + ":6: no y"});
  t.spec.missing = "median";
  const auto filled = t.open();
  CHECK(filled.size() == 5);
  CHECK(filled.bad_files == Names{file + ":6: no y"});
  CHECK(filled.columns.categorical[0].levels == Names{"", "a", "b"});
  CHECK(filled.columns.continuous[0].median == 2);
  CHECK(row(filled, 2)[1] == Approx(2.0 / 7));
}

TEST_CASE("a target is a class or a number", "[table]") {
  const auto classes = [](const std::string& values) {
    std::string text = "y,x\n";
    for (std::size_t at = 0; at < values.size(); at = values.find(' ', at) + 1) {
      text += values.substr(at, values.find(' ', at) - at) + ",1\n";
      if (values.find(' ', at) == values.npos) break;
    }
    Table t(text);
    t.spec.continuous = {"x"};
    return t.open();
  };
  CHECK(classes("10 9 10").class_names == Names{"9", "10"});
  CHECK(classes("10 9 10").values[0] == 1);  // of two classes the second is 1
  CHECK(classes("10 9 8").class_names == Names{"8", "9", "10"});
  CHECK(classes("10 9 8").values == nullptr);
  CHECK(classes("b a c").values == nullptr);
  CHECK(classes("1 2 a").class_names == Names{"1", "2", "a"});
  const auto numbers = classes("1.5 -2 1.5");
  CHECK(numbers.classes == 0);
  CHECK(numbers.values[1] == -2);
  CHECK(numbers.label(1) == 0);
}

TEST_CASE("a target of mse is a number, or two classes", "[table]") {
  std::string prices = "y,x\n";
  for (int i = 0; i < 80; ++i) prices += std::to_string(100 + i) + ",1\n";
  Table t(prices);
  t.spec.continuous = {"x"}, t.spec.valid_fraction = 0.25;
  CHECK_THAT(t.fault(), Contains("t.csv: every row has a y of its own, so none can be held out"));
  t.spec.number_target = true;
  const auto d = t.open();
  CHECK(d.classes == 0);
  CHECK(d.class_names.empty());
  CHECK(d.valid.size() == 20);
  CHECK(d.values[1] == 101);

  Table two("y,x\n5,1\n7,1\n5,2\n");
  two.spec.continuous = {"x"}, two.spec.number_target = true;
  CHECK(two.open().class_names == Names{"5", "7"});
  CHECK(two.open().values[1] == 1);

  Table words("y,x\n5,1\nb,1\nc,2\n");
  words.spec.continuous = {"x"}, words.spec.number_target = true;
  CHECK(
      words.fault() ==
      "t.csv:3: y: 'b' is no number that float32 can hold; of more than two classes training.loss "
      "is cross_entropy, not mse");
}

TEST_CASE("a value is missing where pandas.read_csv misses it, in every column", "[table]") {
  std::string text = "y,c,x\n0,a,1\n1,b,3\n";
  for (const auto* word : {"NA", "N/A", "NaN", "nan", "null", "NULL", "None", "<NA>", "#N/A"})
    for (const auto* row : {"0,{},2\n", "0,a,{}\n", "{},a,2\n"})
      text += std::string(row).replace(std::string(row).find("{}"), 2, word);
  Table t(text);
  t.spec.categorical = {"c"}, t.spec.continuous = {"x"};
  CHECK(t.open().size() == 2);
  CHECK(t.open().bad_files.size() == 27);
  t.spec.missing = "median";
  const auto d = t.open();
  CHECK(d.size() == 20);
  REQUIRE(d.columns.categorical[0].levels == Names{"", "a", "b"});
  CHECK(code_of(d.columns.categorical[0], "None") == 1);
  CHECK(code_of(d.columns.categorical[0], "none") == 0);  // a word, and one never seen
  // So a word of data is told apart by how it is written.
  Table country("y,c\n0,na\n1,Na\n");
  country.spec.categorical = {"c"};
  CHECK(country.open().columns.categorical[0].levels == Names{"Na", "na"});
}

TEST_CASE("equal split hashes: the same rows, columns and target", "[table]") {
  Table t("y,z,a,b\n0,1,2,3\n1,0,2,4\n0,2,4,4\n");
  t.spec.categorical = {"a"}, t.spec.continuous = {"b"};
  const auto hash = t.open().split_hash;
  CHECK(t.open().split_hash == hash);
  t.spec.target = "z";
  const auto classes = t.open().split_hash;
  CHECK(classes != hash);
  t.spec.number_target = true;
  CHECK(t.open().split_hash != classes);
  t.spec.target = "y", t.spec.categorical = {"a", "b"}, t.spec.continuous = {};
  CHECK(t.open().split_hash != hash);
}

TEST_CASE("noise that leaves float32 is refused by name", "[table]") {
  DatasetSpec spec{.kind = "function", .expression = "x", .points = 20, .noise = 1e30};
  CHECK(open_dataset(spec, "").size() == 20);
  for (const double noise : {1e39, 1e308}) {
    spec.noise = noise;
    CHECK_THROWS_WITH(open_dataset(spec, ""), Catch::Matchers::StartsWith("dataset.noise: 1e+3"));
  }
}

TEST_CASE("quotes, separators, line breaks and a byte order mark", "[table]") {
  Table t(
      "\xEF\xBB\xBFy;\"c;d\";x\r\n0;\"two\r\nlines; "
      "\"\"quoted\"\"\";1e3\r\n\r\n1;caf\xC3\xA9;2\r\n");
  t.spec.categorical = {"c;d"}, t.spec.continuous = {"x"};
  const auto d = t.open();
  CHECK(d.size() == 2);
  CHECK(d.columns.categorical[0].levels == Names{"caf\xC3\xA9", "two\r\nlines; \"quoted\""});
  CHECK(d.name(1) == t.spec.root + ":5");
}

TEST_CASE("what is no table is refused with its place", "[table]") {
  const auto fault = [](const std::string& text) {
    Table t(text);
    t.spec.continuous = {"x"}, t.spec.log = {"x"};
    return t.fault();
  };
  CHECK(fault("y,x\n0,1\n1,2,3\n") == "t.csv:3:1: 3 fields; the header has 2");
  CHECK(fault("y,x\n0,1\n1\n") == "t.csv:3:1: 1 fields; the header has 2");
  CHECK(fault("y,x\n0,1\n1,abc\n") == "t.csv:3:3: x: 'abc' is no number that float32 can hold");
  CHECK_THAT(fault("y,x\n0,1\n1,1e999\n"),
             Catch::Matchers::StartsWith("t.csv:3:3: x: '1e999' is no number"));
  CHECK_THAT(fault("y,x\n0,1\n1,1e39\n"),
             Catch::Matchers::StartsWith("t.csv:3:3: x: '1e39' is no number"));
  CHECK(fault("y,x\n0,1\n1,-1\n") == "t.csv:3:3: x: -1 has no log10(x + 1)");
  CHECK(fault("y,z\n0,1\n") == "t.csv:1:1: no column 'x'");
  CHECK(fault("y,xx\n0,1\n") == "t.csv:1:1: no column 'x'; did you mean 'xx'?");
  CHECK(fault("y,x\n") == "t.csv:1:1: no row follows the header");
  CHECK_THAT(fault("y,x\n0,\n1,\n"), Contains("t.csv:2: no x; no row is complete"));
  CHECK(fault("y,x\n,1\n1,1\n1,2\n") ==
        "t.csv:3: y is '1' here and in every row that is used: there is nothing to learn");
  CHECK_THAT(fault("y,x\n0,\"1\n"), Contains("t.csv:2:3: the quote that begins here"));
  CHECK_THAT(fault(std::string("\xFF\xFEy\0,\0", 6)), Contains("t.csv:1:1: text in UTF-16"));
  CHECK_THAT(fault("y,x\n0,1\ncaf\xE9,2\n"), Contains("t.csv:3:4: byte 0xe9"));
  CHECK_THAT(fault(""), Contains("is empty"));
}

TEST_CASE("batches of a table are its rows", "[table]") {
  Table t("y,c,x\n0,b,1\n1,a,4\n0,b,2\n");
  t.spec.categorical = {"c"}, t.spec.continuous = {"x"};
  const auto d = t.open();
  BatchLoader loader(d, d.train, {.image_size = 0, .batch_size = 2, .threads = 2});
  Batch batch;
  REQUIRE(loader.next(batch));
  CHECK(batch.rows == Row{2, 0.25F, 1, 1});
  CHECK(batch.values == Row{0, 1});
  CHECK(batch.labels == std::vector<std::int64_t>{0, 1});
  CHECK(batch.pixels.empty());
  REQUIRE(loader.next(batch));
  CHECK(batch.rows == Row{2, 0.5F});
  CHECK(batch.count == 1);
  CHECK_FALSE(loader.next(batch));
  const auto noise = random_batch(d, 0, 5, 1);
  CHECK(noise.rows.size() == 10);
  for (std::size_t i = 0; i < 10; i += 2) CHECK(std::set<float>{0, 1, 2}.contains(noise.rows[i]));
}
