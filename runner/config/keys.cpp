#include "runner/config/keys.h"

#include <charconv>

#include <fmt/format.h>

#include "archs/families/tabular.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

// The optimizers there are, and all in a line.
std::vector<std::string> optimizer_names() {
  std::vector<std::string> names;
  for (const auto& kind : optimizer_kinds()) names.emplace_back(kind.name);
  return names;
}
std::string_view optimizers_help() {
  static const std::string help = [] {
    std::string text = "how weights are updated. Unless they are given";
    for (const auto& k : optimizer_kinds()) {
      text += fmt::format("; {}: {}, momentum {}", k.name, k.help, k.momentum);
      if (k.beta2 > 0) text += fmt::format(", beta2 {}", k.beta2);
      if (k.eps > 0) text += fmt::format(", eps {}", k.eps);
      text += fmt::format(", weight_decay {}", k.weight_decay);
    }
    return text;
  }();
  return help;
}

}  // namespace

// clang-format off
std::vector<Key> training_keys(TrainingSpec& t) {
  return {
      {"training.epochs", &t.epochs, "passes over the training images", {}, 1, 100000},
      {"training.batch_size", &t.batch_size, "images a step", {}, 1, 65536},
      {"training.micro_batch", &t.micro_batch, "images a forward pass, gradients summed up to batch_size; auto: batch_size, halved while the memory is short", {"auto"}, 0, 65536},
      {"training.optimizer", &t.optimizer, optimizers_help(), optimizer_names()},
      {"training.weight_decay", &t.weight_decay, "not on norms and biases; by default the optimizer's own", {}, 0, 10},
      {"training.momentum", &t.momentum, "beta1 of those that have one; one_cycle has its own momenta, and only the learning-rate finder takes this one then; by default the optimizer's own", {}, 0, 0.9999},
      {"training.beta2", &t.beta2, "of the average of squared gradients (lion: of the momentum it keeps); 0: the optimizer's own", {}, 0, 0.999999},
      {"training.eps", &t.eps, "added to the root of the average of squared gradients; 0: the optimizer's own", {}, 0, 1},
      {"training.schedule", &t.schedule, "how the learning rate moves; timm_cosine: the cosine counts from the first step, as timm's", {"one_cycle", "cosine", "timm_cosine", "constant"}},
      {"training.warmup", &t.warmup, "share of all steps in which the rate rises", {}, 0, 1},
      {"training.warmup_from", &t.warmup_from, "rate at the first step of the warm-up; one_cycle begins at learning_rate / div", {}, 0, 1000},
      {"training.div", &t.div, "one_cycle begins at the learning rate over this", {}, 1, 1e6},
      {"training.freeze_epochs", &t.freeze_epochs, "before epochs, further ones in which only the head and the body's norms learn; half the rate after them", {}, 0, 1000},
      {"training.lr_mult", &t.lr_mult, "the head's learning rate over the body's", {}, 1, 1e6},
      {"training.layer_decay", &t.layer_decay, "learning rate of a layer group over that of the next; 1: off", {}, 0.01, 1},
      {"training.head", &t.head, "the architecture's own, or fastai's: maximum and mean of the features, two layers", {"own", "concat_pool"}},
      {"training.loss", &t.loss, "what training makes small; by default cross_entropy of classes and mse of numbers", {"cross_entropy", "mse"}},
      {"training.label_smoothing", &t.label_smoothing, "share of the label spread over all classes", {}, 0, 0.9},
      {"training.drop_rate", &t.drop_rate, "dropout before the classifier", {}, 0, 0.95},
      {"training.drop_path_rate", &t.drop_path_rate, "stochastic depth of the last block", {}, 0, 0.95},
      {"training.hidden", &t.hidden, "widths of the hidden layers of tabular_mlp and tabular_embedding, such as [64, 32]", {}, 1, archs::tabular::widest_hidden},
      {"training.clip_grad_norm", &t.clip_grad_norm, "largest norm of the gradients; 0: off", {}, 0},
      {"training.clip_grad_value", &t.clip_grad_value, "largest number in the gradients; 0: off", {}, 0},
      {"training.clip_grad_agc", &t.clip_grad_agc, "largest norm of a unit's gradient as a share of its weights' (adaptive clipping, 0.01 is usual), not of the classifier's; 0: off", {}, 0},
      {"training.ema", &t.ema, "decay of an average of the weights, which is validated and kept in their place (0.9998 is timm's); 0: off", {}, 0, 0.999999},
      {"training.ema_warmup", &t.ema_warmup, "the average begins with a small decay, 1 - step^(-2/3), as a short training wants; timm's default is false"},
      {"training.patience", &t.patience, "the training ends after so many epochs with no better top-1 (of equal ones: loss) than one before; 0: never", {}, 0, 100000},
      {"training.result", &t.result, "the epoch whose weights are measured and kept and whose accuracy is the trial's; the best is chosen by the validation images, so it flatters a little", {"last", "best"}},
      {"training.weights", &t.weights, "to start from: none, pretrained (timm's default tag, from the hub or its cache), or a safetensors file"},
      {"training.precision", &t.precision, "numbers of convolutions and matrix products. auto: a few steps in each are timed (GPU: tf32, bfloat16, float16; CPU: float32, bfloat16), of trainings of 200 steps or more, and the first is taken unless another needs a quarter less time; tf32 on CPU is float32; float16 scales the loss", {"auto", "float32", "tf32", "bfloat16", "float16"}},
      {"training.layout", &t.layout, "of images in memory; auto: the faster one for the size", {"auto", "channels_last", "contiguous"}},
  };
}

std::vector<Key> keys(Settings& s) {
  auto& d = s.dataset;
  auto& m = s.measurement;
  std::vector<Key> all{
      {"dataset.kind", &d.kind, "where the images come from", {"fashion_mnist", "mnist", "idx", "cifar10", "cifar100", "oxford_pets", "image_folder", "csv", "table", "function"}},
      {"dataset.root", &d.root, "folder of the data, from the config's own folder; of images also a tar file"},
      {"dataset.pattern", &d.pattern, "regular expression on file names whose first group is the class, in place of a folder per class"},
      {"dataset.train_list", &d.train_list, "text file that names the images to use, one a line; goes with pattern"},
      {"dataset.valid_list", &d.valid_list, "the same of those held out"},
      {"dataset.table", &d.table, "CSV or TSV of paths and labels, for kind: csv"},
      {"dataset.path_column", &d.path_column, "of the table; by default path, file, filename, image or name"},
      {"dataset.label_column", &d.label_column, "of the table; by default label, class, category or target"},
      {"dataset.split_column", &d.split_column, "of the table: train, valid or test, which is not used; by default split or is_valid where it is there"},
      {"dataset.weight_column", &d.weight_column, "of the table: a number of 0 or more by which a training image's loss counts among those of its batch; by default weight where it is there"},
      {"dataset.path", &d.root, "CSV or TSV file whose rows are the samples, for kind: table, and so the next seven"},
      {"dataset.target", &d.target, "column to predict: words and whole numbers of at most 100 values are classes, others numbers; with loss: mse numbers, but of two values"},
      {"dataset.categorical", &d.categorical, "columns of words"},
      {"dataset.continuous", &d.continuous, "columns of numbers"},
      {"dataset.ignore", &s.ignore, "columns that are not used: every other must be in one of the lists"},
      {"dataset.missing", &d.missing, "rows without a value (an empty cell, or one that pandas.read_csv takes for missing: NA, N/A, NaN, nan, None, null, NULL ... so written): drop, or median, the training rows' (of a category: a level of its own)", {"drop", "median"}},
      {"dataset.log", &d.log, "of the continuous columns: become log10(x + 1) first"},
      {"dataset.normalize", &d.normalize, "continuous columns by the training rows: standard, less the mean and over the deviation; max, over the largest", {"standard", "max"}},
      {"dataset.expression", &d.expression, "formula in x, such as 3*x^2 + 2*x + 1, for kind: function, and so the next three"},
      {"dataset.points", &d.points, "of it, evenly from -2 to 2", {}, 2, 10000},
      {"dataset.noise", &d.noise, "on the points: the deviation of a normal distribution"},
      {"dataset.seed", &d.split_seed, "of the noise"},
      {"dataset.image_size", &d.image_size, "side in pixels that the networks see", {}, 1, 4096},
      {"dataset.stored_size", &d.stored_size, "side at which images are cached; 0: image_size, or 8/7 of it for random_resized_crop", {}, 0, 4096},
      {"dataset.resize", &d.resize, "how a photo becomes a square", {"crop", "squish", "pad"}},
      {"dataset.channels", &d.channels, "3 for colour, 1 for grey", {}, 1, 3},
      {"dataset.valid_fraction", &d.valid_fraction, "held out of the training images where no folder is; 0, of a table: every row is both trained on and validated with", {}, 0, 0.9},
      {"dataset.split_seed", &d.split_seed, "of the division into train and validation"},
      {"dataset.folds", &d.folds, "parts of equal size, in place of valid_fraction: fold of them is held out; 0: off", {}, 0, 1000},
      {"dataset.fold", &d.fold, "which of the folds is held out, from 0", {}, 0, 999},
      {"dataset.train_samples", &d.train_samples, "a stratified subset of this many; 0: all"},
      {"dataset.valid_samples", &d.valid_samples, "a stratified subset of this many; 0: all"},
      {"dataset.bad_images", &d.bad_images, "what to do about unreadable images", {"skip", "fail"}},
  };
  for (auto& key : training_keys(s.training)) all.push_back(std::move(key));
  const std::vector<Key> rest{
      {"measurement.enabled", &m.enabled, "time the trained network"},
      {"measurement.batch_sizes", &m.batch_sizes, "1 gives the latency, the others throughput", {}, 1, 65536, false, true},
      {"measurement.seconds", &m.seconds, "of timed forwards a batch size", {}, 0.01, 3600},
      {"measurement.warmup_seconds", &m.warmup_seconds, "before them at most: it ends when the times are stable", {}, 0, 3600},
      {"measurement.max_samples", &m.max_samples, "timed forwards kept a batch size", {}, 5, 100000},
      {"measurement.tta", &m.tta, "test-time augmentation: after the last epoch each validation image is predicted this many times more as training augments it, 4 for example; 0: off", {}, 0, 100},
      {"scheduler.slots", &s.slots, "trials at once: auto (one on CPU, as many per GPU as fit its memory, at most 4; tasks of Slurm: 100) or a number; what does not fit the memory waits"},
      {"scheduler.trial_memory", &s.trial_memory, "that a trial takes of its device: auto (as the preflight or an earlier trial measured it), or such as 6GB"},
      {"scheduler.device", &s.scheduler.device, "where trials run", {"auto", "cpu", "cuda"}},
      {"scheduler.threads", &s.scheduler.threads, "of a trial; 0: cores / slots, and of a task of Slurm 4", {}, 0, 4096},
      {"scheduler.trial_time_limit", &s.trial_time_limit, "none, or 90s, 30m, 2h: a longer run of a trial is stopped; one that goes on from a checkpoint has as long again"},
      {"scheduler.hang_limit", &s.hang_limit, "none, or 15m: a trial that gives no sign of life for so long is stopped"},
      {"scheduler.retry_crashed", &s.scheduler.retry_crashed, "further attempts of a trial whose process crashed", {}, 0, 100},
      {"scheduler.retry_killed", &s.scheduler.retry_killed, "the same where somebody killed it", {}, 0, 100},
      {"scheduler.retry_hung", &s.scheduler.retry_hung, "the same where it hung", {}, 0, 100},
      {"scheduler.retry_out_of_memory", &s.scheduler.retry_out_of_memory, "the same where others were on its device and memory ran out", {}, 0, 100},
      {"scheduler.quarantine_after", &s.scheduler.quarantine_after, "quick failures in a row after which a device is tried with a known model, and used no more if that fails; 0: never", {}, 0, 1000},
      {"scheduler.early_stopping", &s.scheduler.early_stopping, "none; frontier: pause what can no longer reach the frontier of speed and accuracy; halving: and all but the best 1/eta of a rung, which saves most and loses points of the frontier", {"none", "frontier", "halving"}},
      {"scheduler.eta", &s.scheduler.eta, "trials are compared after 1, eta, eta^2 ... epochs", {}, 2, 10},
      {"scheduler.margin", &s.scheduler.margin, "how much smaller a trial's error may still get than trials of its family and learning rate have shown: a share; more is safer and saves less", {}, 0, 0.95},
      {"scheduler.preflight", &s.scheduler.preflight, "try every candidate for a moment first; auto: where speeds are needed or the sweep is long", {"auto", "always", "never"}},
      {"scheduler.budget", &s.budget, "none, or 90m, 8h: the run ends after it, what is not finished is paused"},
      {"scheduler.until", &s.until, "none, or 07:00: the run ends at that time of day"},
      {"slurm.partition", &s.scheduler.slurm.partition, "of run --slurm, and so the rest of this section: where the tasks run"},
      {"slurm.account", &s.scheduler.slurm.account, "whom the tasks are charged to"},
      {"slurm.qos", &s.scheduler.slurm.qos, "quality of service"},
      {"slurm.constraint", &s.scheduler.slurm.constraint, "features that a node must have"},
      {"slurm.gpus", &s.scheduler.slurm.gpus, "of a task, as in --gres=gpu: 1, or a100:1; none; by default 1 where scheduler.device is cuda"},
      {"slurm.time", &s.slurm_time, "of a task, such as 4h: a longer trial goes on in another; auto: by what was measured, else the partition's"},
      {"slurm.memory", &s.slurm_memory, "of a task, such as 16GiB; auto: on the CPU by what was measured, else the cluster's usual"},
      {"slurm.extra", &s.scheduler.slurm.extra, "further options of sbatch, with spaces between"},
      {"output.name", &s.name, "of the sweep; by default the file's name"},
      {"output.database", &s.database, "SQLite file; by default NAME.db in the working folder"},
      {"output.folder", &s.folder, "journals, logs, checkpoints and the image cache; by default NAME-files"},
      {"output.keep_checkpoints", &s.output.keep_checkpoints, "of finished trials too"},
      {"output.checkpoint_gib", &s.output.checkpoint_gib, "GiB of checkpoints at most; 0: half of what is free", {}, 0, 1e6},
      {"output.keep_weights", &s.output.keep_weights, "trained weights that archsweep export can use: none; frontier, of trials that no other beats in accuracy, latency and throughput; all", {"none", "frontier", "all"}},
      {"output.weights_gib", &s.output.weights_gib, "GiB of trained weights at most, the least accurate go first; 0: a quarter of what is free", {}, 0, 1e6},
      {"output.keep_logits", &s.output.keep_logits, "what each trial says of the validation images: for confusion, top-losses, compare, ensemble and calibration"},
      {"output.logits_gib", &s.output.logits_gib, "GiB of these logits at most, those of the least accurate go first", {}, 0, 1e6},
      {"output.cache_gib", &s.output.cache_gib, "GiB of decoded images at most; 0: all that is free; those used longest ago go first, those in use never", {}, 0, 1e6},
  };
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}
// clang-format on

std::vector<KeyFault> settle_scheduler(Settings& s) {
  std::vector<KeyFault> faults;
  if (s.slots != "auto") {
    const auto end = s.slots.data() + s.slots.size();
    const auto [at, error] = std::from_chars(s.slots.data(), end, s.scheduler.slots);
    if (error != std::errc() || at != end || s.scheduler.slots < 1 || s.scheduler.slots > 1024)
      faults.push_back({"scheduler", "slots", "expected auto or a number from 1 to 1024"});
  }
  if (s.trial_memory != "auto") {
    const auto bytes = parse_bytes(s.trial_memory);
    if (!bytes || !(*bytes > 0))
      faults.push_back({"scheduler", "trial_memory", "expected auto, or such as 6GB or 2.7GiB"});
    s.scheduler.trial_memory = bytes.value_or(0);
  }
  const auto duration = [&](std::string_view key, const std::string& text, double& seconds) {
    seconds = 0;
    if (text == "none") return;
    const auto parsed = parse_duration(text);
    if (!parsed || *parsed <= 0)
      faults.push_back({"scheduler", key, "expected none, or such as 90s, 30m, 2h"});
    seconds = parsed.value_or(0);
  };
  duration("trial_time_limit", s.trial_time_limit, s.scheduler.trial_time_limit);
  duration("hang_limit", s.hang_limit, s.scheduler.hang_limit);
  duration("budget", s.budget, s.scheduler.budget);
  if (s.until != "none") {
    const auto minutes = parse_time_of_day(s.until);
    if (!minutes)
      faults.push_back({"scheduler", "until", "expected none, or a time of day such as 07:00"});
    s.scheduler.until = minutes.value_or(-1);
  }
  auto& slurm = s.scheduler.slurm;
  if (s.slurm_time != "auto") {
    slurm.time = parse_duration(s.slurm_time).value_or(0);
    if (slurm.time <= 0) faults.push_back({"slurm", "time", "expected auto, or such as 30m, 4h"});
  }
  if (s.slurm_memory != "auto") {
    slurm.memory = parse_bytes(s.slurm_memory).value_or(0);
    if (slurm.memory < 1 << 20)  // a bare number would be bytes
      faults.push_back({"slurm", "memory", "expected auto, or a size such as 16GiB"});
  }
  if (s.scheduler.device == "cuda" && slurm.gpus == "none") slurm.gpus = "1";
  if (s.scheduler.device == "cpu" && slurm.gpus != "none")
    faults.push_back({"slurm", "gpus", "scheduler.device is cpu: leave one of them out"});
  if (s.scheduler.early_stopping != "none" && s.scheduler.preflight == "never")
    faults.push_back({"scheduler", "preflight",
                      "early_stopping needs the speeds that it measures; leave it auto"});
  return faults;
}

}  // namespace archsweep::runner
