#include "tests/runner/config/place.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

struct TablePlace : Place {
  TablePlace() { write("t.csv", "id,y,class,age,fare\n1,0,a,1,2\n"); }

  static std::string text(const std::string& dataset, const std::string& rest) {
    return "dataset: {kind: table, " + dataset + "}\n" +
           (rest.empty() ? "architectures: [tabular_linear]\n" : rest);
  }
  Config read(const std::string& dataset, const std::string& rest = "") const {
    return Place::read(text(dataset, rest));
  }
  std::string faults(const std::string& dataset, const std::string& rest = "") const {
    return Place::faults(text(dataset, rest));
  }
};

const std::string good =
    "path: t.csv, target: y, categorical: [class], continuous: [age, fare], ignore: [id]";

}  // namespace

TEST_CASE("a table: its columns are looked up and defaults settled", "[table]") {
  const TablePlace place;
  const auto config = place.read(good + ", log: [fare], valid_fraction: 0");
  const auto& c = config.candidates.at(0);
  CHECK(c.dataset.root == std::filesystem::canonical(place.path / "t.csv"));
  CHECK(c.dataset.target == "y");
  CHECK(c.dataset.continuous == Names{"age", "fare"});
  CHECK(c.dataset.log == Names{"fare"});
  CHECK(c.dataset.missing == "drop");
  CHECK(c.dataset.normalize == "standard");
  CHECK(c.dataset.image_size == 0);
  CHECK(c.training.layout == "contiguous");
  CHECK(c.training.precision == "float32");
  // A glob takes what is for tables, and an image sweep takes none of it.
  CHECK(place.read(good, "architectures: ['*']\n").candidates.size() ==
        place.read(good, "architectures: ['tabular_*']\n").candidates.size());
}

TEST_CASE("what is wrong with a table's config is named with its place", "[table]") {
  const TablePlace place;
  const auto with = [&](const std::string& from, const std::string& to) {
    auto dataset = good;
    return place.faults(dataset.replace(dataset.find(from), from.size(), to));
  };
  CHECK(with("age", "aage") ==
        "c.yaml:1:83: dataset.continuous: t.csv has no column 'aage'; did you mean 'age'?");
  CHECK(with("target: y, ", "") == "c.yaml:1:10: dataset.target is missing: the column to predict");
  CHECK(with("path: t.csv, ", "") ==
        "c.yaml:1:10: dataset.path is missing: a CSV or TSV file with a header");
  CHECK(with("t.csv", "u.csv") == "c.yaml:1:30: dataset.path: u.csv: no such file");
  CHECK(with("[id]", "[class]") ==
        "c.yaml:1:104: dataset.ignore: 'class' is in categorical already");
  CHECK(with(", ignore: [id]", "") ==
        "c.yaml:1:10: dataset: column 'id' is in none of categorical, continuous and ignore");
  CHECK(with("[id]", "[id], log: [class]") ==
        "c.yaml:1:115: dataset.log: 'class' is not among the continuous columns");
  CHECK(with("[id]", "[id], image_size: 32") ==
        "c.yaml:1:109: dataset.image_size: kind: table has none");
  CHECK(with("[id]", "[id], weight_column: fare") ==
        "c.yaml:1:109: dataset.weight_column: kind: table has none");
  CHECK_THAT(with("path", "root"),
             Catch::Matchers::Contains("dataset.root: kind: table has none; say path"));
  CHECK(with("[id]", "[id], valid_fraction: 0, valid_samples: 5") ==
        "c.yaml:1:143: dataset.valid_samples: with valid_fraction: 0 every row is trained on and "
        "validated with; leave one out");
  CHECK(with("[id]", "[id], valid_fraction: 0, train_samples: 5") ==
        "c.yaml:1:143: dataset.train_samples: with valid_fraction: 0 every row is trained on and "
        "validated with; leave one out");
  CHECK(with("[id]", "[id], folds: 5, train_samples: 5") == "");
  CHECK(with("[id]", "[id], missing: mean") ==
        "c.yaml:1:118: dataset.missing: 'mean' is none of drop, median; did you mean 'median'?");
  CHECK(with("[id]", "id") ==
        "c.yaml:1:103: dataset.ignore: expected a list of words, such as [a, b]");
  CHECK(place.faults(good, "architectures: [resnet18]\n") ==
        "c.yaml:2:17: architectures: resnet18 takes images; dataset.kind is table");
  CHECK(place.faults(good, "architectures: [tabular_linear]\naugmentation: light\n") ==
        "c.yaml:3:15: augmentation: only images have one");
  CHECK(
      place.faults(
          good, "architectures: [tabular_linear]\ntraining: {loss: mse, label_smoothing: 0.1}\n") ==
      "c.yaml:2:17: training.label_smoothing: only cross_entropy has one");
}

TEST_CASE("whose loss is mse opens the table as numbers", "[table]") {
  const TablePlace place;
  const auto config = place.read(good, R"(
training: {loss: mse}
architectures: [tabular_linear, {name: tabular_mlp, loss: cross_entropy}]
)");
  CHECK(config.candidates.at(0).dataset.number_target);
  CHECK_FALSE(config.candidates.at(1).dataset.number_target);
  CHECK_FALSE(place.read(good).candidates.at(0).dataset.number_target);
}

TEST_CASE("a function is learned by its squared distance", "[table]") {
  const Place place;
  const auto faults = [&](const std::string& dataset, const std::string& training) {
    return place.faults("dataset: {kind: function, expression: x" + dataset +
                        "}\narchitectures: [quadratic]\ntraining: {" + training + "}\n");
  };
  CHECK(faults("", "loss: mse") == "");
  CHECK(faults("", "loss: cross_entropy") ==
        "c.yaml:2:17: training.loss: cross_entropy is for classes; of a function it is mse");
  CHECK(faults("", "label_smoothing: 0.1") ==
        "c.yaml:2:17: training.label_smoothing: only cross_entropy has one");
  CHECK(faults(", target: y", "") == "c.yaml:1:42: dataset.target: kind: function has none");
  CHECK(faults(", nois: 1", "") ==
        "c.yaml:1:42: unknown key 'dataset.nois'; did you mean 'noise'?");
}

TEST_CASE("images have no columns and no mse", "[table]") {
  const TablePlace place;
  std::filesystem::create_directories(place.path / "data");
  const auto faults = [&](const std::string& dataset, const std::string& rest) {
    place.write("c.yaml", "dataset: {kind: idx, root: data" + dataset + "}\n" + rest);
    try {
      read_config(place.path / "c.yaml");
      return std::string();
    } catch (const Error& e) {
      return std::string(e.what()).substr(place.path.string().size() + 1);
    }
  };
  CHECK(faults(", target: y", "architectures: [test_vit]\n") ==
        "c.yaml:1:42: dataset.target: only kind: table has one");
  CHECK(faults(", valid_fraction: 0", "architectures: [test_vit]\n") ==
        "c.yaml:1:50: dataset.valid_fraction: must be from 0.001 to 0.9, not 0");
  CHECK(
      faults("", "architectures: [tabular_linear]\n") ==
      "c.yaml:2:17: architectures: tabular_linear takes the rows of a table; dataset.kind is idx");
  CHECK(faults("", "architectures: [test_vit]\ntraining: {loss: mse}\n") ==
        "c.yaml:2:17: training.loss: mse is for tables; of images it is cross_entropy");
}
