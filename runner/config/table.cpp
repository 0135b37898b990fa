#include <algorithm>
#include <map>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "runner/config/dataset.h"
#include "runner/support/csv.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

class TableSettling {
 public:
  TableSettling(const Node& node, Settings& settings, Values& values)
      : node_(node), settings_(settings), d_(settings.dataset), values_(values) {}

  void own_keys() {
    constexpr std::string_view own[] = {"kind",           "path",          "target",
                                        "categorical",    "continuous",    "ignore",
                                        "missing",        "log",           "normalize",
                                        "folds",          "fold",          "split_seed",
                                        "valid_fraction", "train_samples", "valid_samples"};
    only_keys(node_, own, values_);
    d_.image_size = d_.stored_size = d_.channels = 0;
    if (d_.valid_fraction > 0 || d_.folds > 0) return;
    for (const auto& [key, samples] :
         {std::pair{"train_samples", d_.train_samples}, {"valid_samples", d_.valid_samples}})
      if (samples > 0)
        values_.fault(where(key), fmt::format("dataset.{}: with valid_fraction: 0 every row is "
                                              "trained on and validated with; leave one out",
                                              key));
  }

  void columns(const fs::path& path) {
    if (d_.root.empty())
      return values_.fault(node_, "dataset.path is missing: a CSV or TSV file with a header");
    d_.root = (path.parent_path() / d_.root).lexically_normal().string();
    try {
      const auto text = read_csv_file(d_.root);
      const Csv csv(text, d_.root, csv_separator(text));
      d_.root = fs::canonical(d_.root).string();
      look_up(csv.columns());
    } catch (const Error& e) {
      values_.fault(where("path"), fmt::format("dataset.path: {}", e.what()));
    }
  }

 private:
  void look_up(const std::vector<std::string>& columns) {
    std::map<std::string, std::string> roles;
    const auto add = [&](const char* key, const std::string& name, const Node& place) {
      if (std::ranges::find(columns, name) == columns.end())
        values_.fault(place, fmt::format("dataset.{}: {} has no column '{}'{}", key,
                                         fs::path(d_.root).filename().string(), printable(name, 80),
                                         did_you_mean(name, columns)));
      else if (const auto [before, is_new] = roles.emplace(name, key); !is_new)
        values_.fault(place,
                      fmt::format("dataset.{}: '{}' is in {} already", key, name, before->second));
    };
    if (d_.target.empty())
      values_.fault(node_, "dataset.target is missing: the column to predict");
    else
      add("target", d_.target, where("target"));
    for (const auto& [key, names] : {std::pair{"categorical", &d_.categorical},
                                     {"continuous", &d_.continuous},
                                     {"ignore", &settings_.ignore}})
      for (std::size_t i = 0; i < names->size(); ++i) add(key, (*names)[i], item(key, i));
    if (d_.categorical.empty() && d_.continuous.empty())
      values_.fault(node_,
                    "dataset: no column to learn from; name some in categorical or "
                    "continuous");
    for (std::size_t i = 0; i < d_.log.size(); ++i)
      if (!std::ranges::count(d_.continuous, d_.log[i]))
        values_.fault(
            item("log", i),
            fmt::format("dataset.log: '{}' is not among the continuous columns{}",
                        printable(d_.log[i], 80), did_you_mean(d_.log[i], d_.continuous)));
    if (!values_.faults().empty()) return;
    for (const auto& name : columns)
      if (!roles.contains(name))
        values_.fault(node_, fmt::format("dataset: column '{}' is in none of categorical, "
                                         "continuous and ignore",
                                         printable(name, 80)));
  }

  const Node& where(const char* key) const {
    const auto* node = node_.find(key);
    return node ? *node : node_;
  }
  const Node& item(const char* key, std::size_t i) const {
    const auto& list = where(key);
    return i < list.items.size() ? list.items[i] : list;
  }

  const Node& node_;
  Settings& settings_;
  DatasetSpec& d_;
  Values& values_;
};

}  // namespace

void settle_table(const Node& node, const fs::path& path, Settings& settings, Values& values) {
  TableSettling settling(node, settings, values);
  settling.own_keys();
  settling.columns(path);
}

}  // namespace archsweep::runner
