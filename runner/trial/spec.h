#pragma once

// What a trial is: everything that can change its outcome, as plain values. Its canonical JSON is
// hashed into the fingerprint; the worker gets the same JSON. No LibTorch, no YAML.

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace archsweep::runner {

struct DatasetSpec {
  std::string kind;  // "idx", "cifar10", "cifar100", "image_folder", "csv", "table" or "function":
                     // presets are resolved by the config reader; "random" of a benchmark: normal
                     // numbers, made on the device
  std::string root;  // absolute: a folder; of images also a tar file; a table's file
  int image_size = 224;   // side that the networks see
  int stored_size = 224;  // side at which images are cached; larger only for random_resized_crop
  std::string resize;     // how a photo becomes a square: "crop", "squish" or "pad"
  int channels = 3;       // 1 or 3; files with other channels are converted
  double valid_fraction = 0.2;  // held out of the training images, where there is no folder for it
  std::uint64_t split_seed = 42;
  std::int64_t train_samples = 0;  // 0: all; otherwise a seeded stratified subset
  std::int64_t valid_samples = 0;
  std::string bad_images;  // "skip" or "fail"
  // Where labels and parts come from, if not from folders; "" or 0 where there is none.
  std::string pattern;  // regular expression on file names: its first group is the class
  std::string train_list, valid_list;  // text files that name images, one a line
  std::string table;                   // CSV or TSV of paths and labels
  // Of the table; "": by their usual names.
  std::string path_column, label_column, split_column, weight_column;
  int folds = 0, fold = 0;  // fold-th of so many stratified parts is held out
  // Of a table: its columns, what happens to rows without a value ("drop", "median"), which
  // columns become log10(x + 1), and by what numbers are scaled ("max", "standard").
  std::string target;
  bool number_target = false;  // of mse: other than two values are numbers, not classes
  std::vector<std::string> categorical, continuous;
  std::string missing;
  std::vector<std::string> log;
  std::string normalize;
  // Of a function: a formula in x, so many points of it, and the deviation of the noise on them.
  std::string expression;
  int points = 0;
  double noise = 0;
};

// A word for it: the name of its folder or file, or the formula.
std::string word_for(const DatasetSpec& spec);

// One step of augmentation, with all its parameters written out.
struct AugmentStep {
  std::string name;
  std::map<std::string, double> parameters;
  bool operator==(const AugmentStep&) const = default;
};

struct TrainingSpec {
  int epochs = 5;
  int batch_size = 64;
  std::string optimizer = "adamw";  // of optimizer_kinds()
  double learning_rate = 1e-3;
  double weight_decay = 0.01;
  double momentum = 0.9;               // beta1 of adamw and its like
  double beta2 = 0, eps = 0;           // 0: the optimizer's own
  std::string schedule = "one_cycle";  // one_cycle, cosine, timm_cosine, constant
  double warmup = 0.25;                // share of all steps in which the rate rises
  std::string loss;          // cross_entropy, mse; "": cross_entropy of classes, mse of numbers
  double warmup_from = 0;    // all but one_cycle: the rate at the first step
  double div = 25;           // one_cycle: it begins at the learning rate over this
  int freeze_epochs = 0;     // of the epochs, the first: the body's norms and the head alone learn
  double lr_mult = 1;        // after them: the head's rate over the body's
  double layer_decay = 1;    // rate of a layer group over that of the next one
  std::string head = "own";  // own, concat_pool (archs/layers/concat_head.h)
  double label_smoothing = 0;
  double drop_rate = 0;
  double drop_path_rate = 0;
  std::vector<int> hidden;  // of networks for tables: widths of the hidden layers; none: the name's
  double clip_grad_norm = 0;                      // 0: off
  double clip_grad_value = 0, clip_grad_agc = 0;  // 0: off
  double ema = 0;          // decay of the average of weights that is validated and kept; 0: none
  bool ema_warmup = true;  // its decay begins small
  int patience = 0;        // end after so many epochs that are no better than one before; 0: never
  std::string result = "last";  // the epoch whose weights are the trial's: last, best
  int micro_batch = 0;  // images a forward pass, gradients summed; 0: what the memory has room for
  std::string weights = "none";    // at the start: none, pretrained (timm's), or a safetensors file
  std::string precision = "auto";  // auto, float32, tf32, bfloat16, float16
  std::string layout = "auto";     // auto, channels_last, contiguous
  std::uint64_t seed = 0;
};

struct MeasurementSpec {
  bool enabled = true;
  std::vector<int> batch_sizes = {1, 32};  // 1 gives the latency, the others throughput
  double seconds = 1.0;                    // of timed forwards a batch size
  double warmup_seconds = 0.3;             // before them at most: it ends when times are stable
  int max_samples = 1000;                  // timed forwards kept a batch size at most
  int tta = 0;  // augmented views of each validation image after the last epoch; 0: none
  // A benchmark's alone:
  std::vector<int> train_batch_sizes;  // of timed training steps
  std::string exported;                // folder of an export, in place of a fresh network
  bool fold = false;                   // batch norms into the layers before them
};

struct TrialSpec {
  std::string architecture;
  DatasetSpec dataset;
  std::vector<AugmentStep> augmentation;  // in order; normalisation always comes last
  TrainingSpec training;
  MeasurementSpec measurement;
};

// For nlohmann: {"name": ..., "parameters": {...}}.
void to_json(nlohmann::json&, const AugmentStep&);
void from_json(const nlohmann::json&, AugmentStep&);

// Canonical: keys sorted, every default written out, so equal specs give equal text.
nlohmann::json to_json(const TrialSpec&);
// Throws Error naming the member that is missing, of a wrong type or unknown.
TrialSpec spec_from_json(const nlohmann::json&);

std::string fingerprint(const TrialSpec&);
// The same without architecture, learning rate, seed and measurement.
std::string recipe_hash(const TrialSpec&);
// What tells networks of one architecture apart: "64_32" of hidden layers; else "". And its name
// with that.
std::string tag_of(const TrialSpec&);
std::string name_of(const TrialSpec&);
// Equal for specs whose training is the same as long as both go on: a checkpoint of the one is a
// checkpoint of the other, which goes on in the precision that it names. Without measurement;
// without epochs where no learning rate before the last epoch depends on how many there are.
std::string trajectory_hash(const TrialSpec&);

// The optimizers there are, with the values of what a config does not give.
struct OptimizerKind {
  std::string_view name;
  double momentum;
  double beta2, eps;  // 0: it has none
  double weight_decay;
  std::string_view help;
};
std::span<const OptimizerKind> optimizer_kinds();
const OptimizerKind& optimizer_kind(std::string_view name);  // throws Error where there is none

// The augmentations there are; the config reader, the JSON Schema, the help and the worker read
// this table.
struct AugmentParameter {
  std::string_view name;
  double value, min, max;  // default and bounds
  std::string_view help;
};
struct AugmentKind {
  std::string_view name;
  std::array<AugmentParameter, 9> parameters;  // unused ones have no name
  std::string_view help;
  bool on_batch = false;       // on the device, after all that work on one stored image
  bool training_only = false;  // what it makes is no view of one image: not for predictions
};
std::span<const AugmentKind> augment_kinds();

// Values of a step in the order of its kind's parameters, with the defaults of those that it does
// not give. Throws Error for a step that augment_kinds() does not list.
using AugmentValues = std::array<double, std::tuple_size_v<decltype(AugmentKind::parameters)>>;
AugmentValues augment_values(const AugmentStep&);
const AugmentKind& augment_kind(std::string_view name);  // throws likewise

// One word for a list of steps.
struct AugmentWord {
  std::string_view name, steps;  // as the config has them
  std::string_view help;
};
std::span<const AugmentWord> augment_words();

}  // namespace archsweep::runner
