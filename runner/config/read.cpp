#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "archs/catalog.h"
#include "runner/config/augmentation.h"
#include "runner/config/config.h"
#include "runner/config/dataset.h"
#include "runner/config/document.h"
#include "runner/config/keys.h"
#include "runner/config/optimizer.h"
#include "runner/config/recipes.h"
#include "runner/config/training.h"
#include "runner/config/values.h"
#include "runner/config/weights.h"
#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/support/whole_file.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

using Kind = Node::Kind;

constexpr std::size_t most_trials = 100'000;

archs::Input input_of(std::string_view kind) {
  return kind == "table"      ? archs::Input::table
         : kind == "function" ? archs::Input::number
                              : archs::Input::image;
}

const char* words_of(archs::Input input) {
  return input == archs::Input::table    ? "the rows of a table"
         : input == archs::Input::number ? "the points of a function"
                                         : "images";
}

// Keys of sections that are no plain values.
constexpr std::string_view elsewhere[] = {"training.seeds", "training.recipe", "training.base_lr",
                                          "output.plots"};

class Reader {
 public:
  Config read(const fs::path& path, std::span<const std::string> overrides) {
    auto document = load(path, {});
    for (const auto& option : overrides) override_with(document, option);
    Config config{.source = source_, .path = path};
    apply_recipe(document);
    read_plain(document);
    config.augmentation = read_augmentation(document, values_);
    settle_dataset(document, path, config.augmentation, settings_, values_);
    if (!is_images()) {
      // Images have a layout; half the precision is for networks with more to multiply.
      settings_.training.layout = "contiguous";
      if (settings_.training.precision == "auto") settings_.training.precision = "float32";
    }
    sweep_rates(document);
    seeds(document, config);
    architectures(document, config);
    for (auto& candidate : config.candidates) settle_optimizer(candidate.training);
    settle_rest(document, path, config);
    limit(document, config);
    if (!values_.faults().empty())
      throw Error(fmt::format("{}", fmt::join(values_.faults(), "\n")));
    return config;
  }

 private:
  void fault(const std::string& place, const std::string& what) { values_.fault(place, what); }
  void fault(const Node& node, const std::string& what) { values_.fault(node, what); }

  // The file over what it extends.
  Node load(const fs::path& path, std::vector<fs::path> chain) {
    auto document = read_document(path);
    source_ += fmt::format("# {}\n{}\n", path.string(), content_of(path));
    chain.push_back(fs::weakly_canonical(path));
    settle_root(document, path);
    const auto* base = document.find("extends");
    if (!base) return document;
    if (base->kind != Kind::scalar)
      throw Error(base->place + ": extends: expected the path of another config");
    const auto file = path.parent_path() / base->text;
    if (std::ranges::find(chain, fs::weakly_canonical(file)) != chain.end())
      throw Error(base->place + ": extends: the files extend each other in a circle");
    if (!fs::is_regular_file(file))
      throw Error(fmt::format("{}: extends: no file '{}'", base->place, file.string()));
    auto result = load(file, chain);
    merge(result, document);
    return result;
  }

  // A relative data folder means the folder of the file that it stands in, whoever extends it.
  static void settle_root(Node& document, const fs::path& file) {
    for (auto& [section, values] : document.members)
      for (auto& [key, value] : values.members)
        if (section.text == "dataset" && (key.text == "root" || key.text == "path") &&
            !value.text.empty())
          value.text = (fs::absolute(file).parent_path() / value.text).string();
  }

  void override_with(Node& document, const std::string& option) {
    const auto equals = option.find('=');
    const auto place = "--set " + option.substr(0, equals);
    if (equals == option.npos || equals == 0)
      throw Error(place + ": expected key=value, such as training.epochs=2");
    Node tree = read_value(option.substr(equals + 1), place);
    auto parts = split(option.substr(0, equals), '.');
    std::ranges::reverse(parts);
    for (const auto& part : parts) {
      Node key, level;
      key.kind = Kind::scalar, key.text = part, key.place = place;
      level.kind = Kind::map, level.place = place;
      level.members.push_back({key, std::move(tree)});
      tree = std::move(level);
    }
    merge(document, tree);
    source_ += "# --set " + option + "\n";
  }

  static const Node* find_in_training(const Node& document, std::string_view key) {
    const auto* training = document.find("training");
    return training ? training->find(key) : nullptr;
  }

  // Its values under those that the document has.
  void apply_recipe(Node& document) {
    const auto* word = find_in_training(document, "recipe");
    if (!word) return;
    std::string name;
    Key key{"training.recipe", &name, ""};
    for (const auto& recipe : recipes()) key.words.emplace_back(recipe.name);
    values_.set(key, *word);
    recipe_ = find_recipe(name);
    if (!recipe_) return;
    gives_warmup_ = find_in_training(document, "warmup");
    auto under = read_value(fmt::format("{{training: {}}}", recipe_->training), word->place);
    merge(under, document);
    document = std::move(under);
  }

  void sweep_rates(const Node& document) {
    const auto* rate = document.find("learning_rate");
    const auto* base = find_in_training(document, "base_lr");
    if (base && !recipe_)
      fault(*base, "training.base_lr: of a recipe; without one say learning_rate");
    if (base && rate)
      fault(*base, fmt::format("training.base_lr: learning_rate is given too, at {}", rate->place));
    if (base || rate)
      rates_ = learning_rates(base ? *base : *rate);
    else
      rates_ = {{recipe_ ? recipe_->base_lr : settings_.training.learning_rate}, {}};
    is_base_rate_ = recipe_ && !rate;
  }

  void read_plain(const Node& document) {
    const auto table = keys(settings_);
    const std::set<std::string> special{"extends", "architectures", "learning_rate",
                                        "augmentation"};
    std::vector<std::string> tops(special.begin(), special.end());
    for (const auto* section :
         {"dataset", "training", "measurement", "scheduler", "slurm", "output"})
      tops.push_back(section);
    for (const auto& [key, value] : document.members) {
      if (special.contains(key.text)) continue;
      if (std::ranges::find(tops, key.text) == tops.end()) {
        fault(key, fmt::format("unknown key '{}'{}", printable(key.text, 60),
                               did_you_mean(key.text, tops)));
        continue;
      }
      if (value.kind != Kind::map) {
        fault(value, fmt::format("{}: expected a mapping of keys, not {}", key.text, shown(value)));
        continue;
      }
      section(key.text, value, table);
    }
  }

  void section(const std::string& name, const Node& map, const std::vector<Key>& table) {
    std::vector<std::string> words;
    const auto add = [&](std::string_view path) {
      if (path.starts_with(name + ".")) words.emplace_back(path.substr(name.size() + 1));
    };
    for (const auto& key : table) add(key.path);
    for (const auto path : elsewhere) add(path);
    for (const auto& [key, value] : map.members) {
      if (std::ranges::find(words, key.text) == words.end()) {
        fault(key, fmt::format("unknown key '{}.{}'{}", name, printable(key.text, 60),
                               did_you_mean(key.text, words)));
        continue;
      }
      const auto path = name + "." + key.text;
      if (std::ranges::count(elsewhere, path)) continue;
      values_.set(*std::ranges::find(table, path, &Key::path), value);
    }
  }

  struct LearningRates {
    std::vector<double> numbers;
    std::vector<std::string> rules;
  };

  LearningRates learning_rates(const Node& node) {
    LearningRates rates;
    const auto add = [](auto& list, const auto& value) {
      if (std::ranges::find(list, value) == list.end()) list.push_back(value);
    };
    const auto one = [&](const Node& n) {
      const auto value = to_number(n);
      const auto rule = n.kind == Kind::scalar && n.text == "find" ? "valley" : n.text;
      if (n.kind == Kind::scalar && std::ranges::count(rate_rules, rule))
        add(rates.rules, rule);
      else if (!value || *value <= 0 || *value > 1000)
        fault(n, fmt::format("learning_rate: expected a number above 0 and up to 1000, or find "
                             "({}), not {}",
                             fmt::join(rate_rules, ", "), shown(n)));
      else
        add(rates.numbers, *value);
    };
    if (node.kind == Kind::list) {
      if (node.items.empty()) fault(node, "learning_rate: the list is empty");
      for (const auto& item : node.items) one(item);
    } else if (node.kind == Kind::map) {
      const std::vector<std::string> words{"from", "to", "points"};
      for (const auto& [key, value] : node.members)
        if (std::ranges::find(words, key.text) == words.end())
          fault(key, fmt::format("unknown key 'learning_rate.{}'{}", key.text,
                                 did_you_mean(key.text, words)));
      double bounds[2] = {0, 0}, points = 0;
      const auto number = [&](const char* word, double& out) {
        const auto* n = node.find(word);
        const auto value = n ? to_number(*n) : std::nullopt;
        if (!value || *value <= 0 || *value > 1000)
          fault(
              n ? *n : node,
              fmt::format("learning_rate: a range is {{from: 1e-4, to: 1e-2, points: 3}}; '{}' is "
                          "missing or not a number above 0 and up to 1000",
                          word));
        else
          out = *value;
      };
      number("from", bounds[0]), number("to", bounds[1]), number("points", points);
      if (points > 0 && (points < 2 || points != std::floor(points)))
        fault(node, "learning_rate: points must be a whole number from 2 to 1000");
      else if (bounds[0] > 0 && bounds[1] > 0)
        for (int i = 0; i < points; ++i)
          // Six digits: what a person would write.
          add(rates.numbers,
              std::strtod(
                  fmt::format("{:.6g}", std::exp(std::lerp(std::log(bounds[0]), std::log(bounds[1]),
                                                           i / (points - 1))))
                      .c_str(),
                  nullptr));
    } else {
      one(node);
    }
    return rates;
  }

  void seeds(const Node& document, Config& config) {
    const auto* node = find_in_training(document, "seeds");
    config.seeds = {0};
    if (!node) return;
    const Key key{"training.seeds", Target(static_cast<int*>(nullptr)), "", {}, 0, 1e15};
    if (node->kind == Kind::list) {
      config.seeds.clear();
      for (const auto& item : node->items) {
        std::uint64_t seed = 0;
        values_.set(key, item, seed);
        if (std::ranges::find(config.seeds, seed) == config.seeds.end())
          config.seeds.push_back(seed);
      }
      if (config.seeds.empty()) fault(*node, "training.seeds: the list is empty");
      return;
    }
    int count = 1;
    values_.set({"training.seeds", Target(&count), "", {}, 1, 1000}, *node);
    config.seeds.clear();
    for (int i = 0; i < count; ++i) config.seeds.push_back(static_cast<std::uint64_t>(i));
  }

  void architectures(const Node& document, Config& config) {
    const auto* node = document.find("architectures");
    if (!node)
      return fault(config.path.string() + ":1:1",
                   "'architectures:' is missing: a list of names or globs");
    if (node->kind != Kind::list || node->items.empty())
      return fault(
          *node,
          "architectures: expected a list of names or globs, such as [resnet18, \"convnext_*\"]");
    std::vector<Candidate> chosen;
    // Wherever an exclusion stands, globs do not bring its names; a name written out after it does.
    std::vector<std::string> excluded;
    // Of names that may still be excluded, or be given other weights.
    std::map<std::string, std::pair<const Node*, std::string>> faults;
    for (const auto& item : node->items) {
      const auto* name = item.kind == Kind::map ? item.find("name") : &item;
      if (!name || name->kind != Kind::scalar || name->text.empty()) {
        fault(item, "architectures: an entry is a name, or {name: ..., learning_rate: ...}");
        continue;
      }
      const bool excludes = name->text[0] == '!';
      const std::vector<std::string> glob{name->text.substr(excludes)};
      const auto input = input_of(settings_.dataset.kind);
      const auto found = archs::select(glob, input);
      // A glob may exclude what is not here; a name written out is meant.
      if (const auto* other = archs::find(glob[0]); other && other->input != input)
        fault(*name, fmt::format("architectures: {} takes {}; dataset.kind is {}", other->name,
                                 words_of(other->input), settings_.dataset.kind));
      else if (found.empty() && !(excludes && is_glob(glob[0])))
        fault(*name, fmt::format("architectures: {} matches nothing{}", shown(*name),
                                 archs::suggest(glob[0])));
      if (excludes) {
        excluded.push_back(glob[0]);
        std::erase_if(chosen, [&](const auto& c) { return glob_match(glob[0], c.name); });
        continue;
      }
      const auto candidate = entry(item);
      for (const auto* architecture : found) {
        if (is_glob(glob[0]) && std::ranges::any_of(excluded, [&](const auto& e) {
              return glob_match(e, architecture->name);
            }))
          continue;
        auto one = candidate;
        one.name = architecture->name;
        faults.erase(one.name);
        if (const auto wrong = settle_weights(one, config.path.parent_path()); !wrong.empty())
          faults.insert({one.name, {name, wrong}});
        else if (const auto unfit = training_fault(one.name, input, one.training); !unfit.empty())
          faults.insert({one.name, {name, unfit}});
        // The later entry decides: a glob first, then what differs for some of it.
        std::erase_if(chosen, [&](const auto& c) {
          return c.name == one.name && c.training.hidden == one.training.hidden;
        });
        chosen.push_back(std::move(one));
      }
    }
    std::ranges::sort(chosen, natural_less, &Candidate::name);
    for (const auto& c : chosen)
      if (const auto at = faults.find(c.name); at != faults.end())
        fault(*at->second.first, at->second.second);
    if (chosen.empty() && values_.faults().empty())
      fault(*node, "architectures: everything is excluded");
    config.candidates = std::move(chosen);
  }

  bool is_images() const { return input_of(settings_.dataset.kind) == archs::Input::image; }

  // A slip of the pen in three axes must not fill the memory with trials.
  void limit(const Node& document, const Config& config) {
    std::size_t trials = 0;
    for (const auto& c : config.candidates)
      trials += (c.learning_rates.size() + c.rules.size()) * config.seeds.size();
    if (trials > most_trials)
      fault(
          *document.find("architectures"),
          fmt::format("{} trials (architectures x learning rates x seeds); a sweep has at most {}",
                      trials, most_trials));
  }

  Candidate entry(const Node& item) {
    Candidate candidate{"", rates_.numbers, rates_.rules, settings_.training, settings_.dataset};
    if (item.kind == Kind::map) read_entry(item, candidate);
    auto& t = candidate.training;
    if (recipe_) t.learning_rate = recipe_->rate_for(recipe_->base_lr, t.batch_size, t.optimizer);
    if (is_base_rate_ && !item.find("learning_rate"))
      for (auto& rate : candidate.learning_rates)
        rate = recipe_->rate_for(rate, t.batch_size, t.optimizer);
    if (recipe_ && recipe_->warmup_epochs > 0 && !gives_warmup_ && !item.find("warmup"))
      t.warmup = std::min(0.25, static_cast<double>(recipe_->warmup_epochs) / t.epochs);
    t.epochs += t.freeze_epochs;
    // The data set is opened without the training, and must know.
    candidate.dataset.number_target =
        input_of(settings_.dataset.kind) == archs::Input::table && t.loss == "mse";
    return candidate;
  }

  // What an entry of `architectures` says for itself.
  void read_entry(const Node& item, Candidate& candidate) {
    const auto table = training_keys(candidate.training);
    std::vector<std::string> words{"name", "learning_rate", "image_size"};
    for (const auto& key : table) words.emplace_back(key.path.substr(key.path.find('.') + 1));
    for (const auto& [key, value] : item.members) {
      if (key.text == "name") continue;
      if (key.text == "learning_rate") {
        const auto rates = learning_rates(value);
        candidate.learning_rates = rates.numbers;
        candidate.rules = rates.rules;
      } else if (key.text == "image_size" && !is_images()) {
        fault(key, "architectures.image_size: only images have one");
      } else if (key.text == "image_size") {
        const double scale =
            static_cast<double>(candidate.dataset.stored_size) / candidate.dataset.image_size;
        values_.set(
            {"architectures.image_size", Target(&candidate.dataset.image_size), "", {}, 1, 4096},
            value);
        candidate.dataset.stored_size =
            static_cast<int>(std::ceil(candidate.dataset.image_size * scale));
      } else if (const auto at = std::ranges::find(table, "training." + key.text, &Key::path);
                 at != table.end()) {
        values_.set(*at, value);
      } else {
        fault(key, fmt::format("unknown key 'architectures.{}'{}", key.text,
                               did_you_mean(key.text, words)));
      }
    }
    check_optimizer(item, "architectures", candidate.training);
  }

  // What is given for the optimizer, and it does not have.
  void check_optimizer(const Node& section, const char* name, const TrainingSpec& t) {
    const auto& kind = optimizer_kind(t.optimizer);
    for (const auto& [key, given, known] :
         {std::tuple{"beta2", t.beta2, kind.beta2}, {"eps", t.eps, kind.eps}})
      if (const auto* node = section.find(key); node && given > 0 && known == 0)
        fault(*node, fmt::format("{}.{}: {} has none", name, key, t.optimizer));
  }

  void settle_rest(const Node& document, const fs::path& path, Config& config) {
    const auto place_of = [&](const char* section, const char* key) {
      const auto* map = document.find(section);
      const auto* node = map ? map->find(key) : nullptr;
      return node ? node->place : path.string() + ":1:1";
    };
    for (const auto& [section, key, what] : settle_scheduler(settings_))
      fault(place_of(std::string(section).c_str(), std::string(key).c_str()),
            fmt::format("{}.{}: {}", section, key, what));
    if (const auto* section = document.find("training"))
      check_optimizer(*section, "training", settings_.training);
    if (settings_.measurement.tta > 0 &&
        std::ranges::all_of(config.augmentation,
                            [](const auto& step) { return augment_kind(step.name).training_only; }))
      fault(place_of("measurement", "tta"),
            "measurement.tta: augmentation has no step that makes another view of an image, such "
            "as horizontal_flip; add one or leave tta out");
    config.dataset = settings_.dataset;
    config.measurement = settings_.measurement;
    config.scheduler = settings_.scheduler;
    auto& out = config.output = settings_.output;
    out.name = settings_.name.empty() ? path.stem().string() : settings_.name;
    if (out.name.find('/') != std::string::npos)
      fault(place_of("output", "name"), "output.name: must not contain '/'");
    out.database = settings_.database.empty() ? out.name + ".db" : settings_.database;
    out.folder = settings_.folder.empty() ? out.name + "-files" : settings_.folder;
    const auto needs_folder = [&](const std::string& place, const char* key, const fs::path& file) {
      if (const auto folder = file.parent_path(); !folder.empty() && !fs::is_directory(folder))
        fault(place, fmt::format("output.{}: no folder '{}'", key, folder.string()));
    };
    needs_folder(place_of("output", "database"), "database", out.database);
    needs_folder(place_of("output", "folder"), "folder", out.folder);
    const auto* section = document.find("output");
    const auto* plots = section ? section->find("plots") : nullptr;
    if (!plots) return;
    if (plots->kind != Kind::list)
      return fault(*plots, "output.plots: expected a list of files, such as [frontier.html]");
    for (const auto& item : plots->items) {
      const auto end = fs::path(item.text).extension();
      if (item.kind != Kind::scalar || (end != ".html" && end != ".svg" && end != ".png"))
        fault(item,
              fmt::format("output.plots: {} does not end in .html, .svg or .png", shown(item)));
      else
        needs_folder(item.place, "plots", out.plots.emplace_back(item.text));
    }
  }

  Settings settings_ = [] {
    Settings s;
    s.dataset.kind.clear();
    s.dataset.stored_size = 0;
    s.dataset.resize = "crop";
    s.dataset.bad_images = "skip";
    s.dataset.missing = "drop";
    s.dataset.normalize = "standard";
    s.dataset.points = 20;
    return s;
  }();
  Values values_;
  LearningRates rates_;
  const Recipe* recipe_ = nullptr;
  bool gives_warmup_ = false;  // the config itself, not its recipe
  bool is_base_rate_ = false;  // rates_ are the recipe's base_lr
  std::string source_;
};

}  // namespace

Config read_config(const fs::path& path, std::span<const std::string> overrides) {
  return Reader().read(path, overrides);
}

}  // namespace archsweep::runner
