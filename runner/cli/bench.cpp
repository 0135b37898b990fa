#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include "archs/catalog.h"
#include "results/export/table.h"
#include "results/store.h"
#include "runner/cli/command.h"
#include "runner/cli/exported_spec.h"
#include "runner/cli/rows.h"
#include "runner/schedule/bench.h"
#include "runner/schedule/ingest.h"
#include "runner/schedule/process_runner.h"
#include "runner/schedule/scheduler.h"
#include "runner/schedule/slots.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

namespace fs = std::filesystem;
using runner::TrialSpec;

struct Options {
  std::vector<std::string> globs;
  std::string batch_sizes = "1,32", device = "auto", precision = "auto", layout = "auto",
              database = "bench.db", format = "table", output;
  bool train = false, fold = false;
  int image_size = 0, threads = 0, rounds = 3;
  double seconds = 1;
};

// A folder, unless it is no export and happens to be called as an architecture is.
bool is_export(const std::string& word) {
  std::error_code none;
  return fs::is_directory(word, none) &&
         (!archs::find(word) || fs::exists(fs::path(word) / "config.json", none));
}

// The architectures of the globs. One that matches nothing is a mistake.
std::vector<const archs::Entry*> architectures(const Options& o) {
  std::vector<std::string> globs;
  std::ranges::remove_copy_if(o.globs, std::back_inserter(globs), is_export);
  if (globs.empty()) return {};
  for (const auto& word : globs) {
    const bool excludes = word.starts_with('!');
    const std::vector<std::string> glob{word.substr(excludes)};
    if (const auto* entry = archs::find(glob[0]); entry && entry->input != archs::Input::image)
      throw Error(
          fmt::format("{} is not for images: how fast it is depends on the data; sweeps measure it",
                      entry->name));
    // A glob may exclude what is not here; a name written out is meant.
    if (archs::select(glob).empty() && !(excludes && is_glob(glob[0])))
      throw Error(fmt::format("'{}' matches no architecture{}", glob[0], archs::suggest(glob[0])));
  }
  auto chosen = archs::select(globs);
  if (chosen.empty()) throw Error("no architecture is left: '!' excludes all that is named");
  return chosen;
}

// "1,32": ascending, none twice.
std::vector<int> batch_sizes(const Options& o) {
  std::vector<int> sizes;
  for (const auto& word : split(o.batch_sizes, ',')) {
    int size = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), size);
    if (error != std::errc() || end != word.data() + word.size() || size < 1 || size > 65536)
      throw Error(fmt::format(
          "--batch-size {}: '{}' is not a whole number from 1 to 65536; as in --batch-size 1,32",
          printable(o.batch_sizes, 80), printable(word, 40)));
    sizes.push_back(size);
  }
  std::ranges::sort(sizes);
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  if (o.train && sizes.back() == 1)
    throw Error(
        "--train: steps of one image say little (batch norm has no variance); give a "
        "larger --batch-size too");
  return sizes;
}

std::string device(const Options& o) {
  if (o.device == "cpu") return "cpu";
  if (o.device == "auto") return runner::devices_of_slots({})[0];
  const bool numbered = o.device.starts_with("cuda:");
  if (o.device != "cuda" && !numbered)
    throw Error(fmt::format("--device {}: expected auto, cpu or cuda:N", printable(o.device, 40)));
  const auto devices = runner::devices_of_slots({.device = "cuda"});  // throws where there is none
  const auto name = numbered ? o.device : "cuda:0";
  if (std::ranges::find(devices, name) == devices.end())
    throw Error(fmt::format("--device {}: no such GPU; there are {}", printable(o.device, 40),
                            fmt::join(devices, ", ")),
                Exit::environment);
  return name;
}

bool is_exported(const TrialSpec& spec) {
  return !spec.measurement.exported.empty();
}

// In half precision folded weights would be rounded anew.
bool can_fold(const std::string& precision, const std::string& device) {
  return precision == "float32" || precision == "tf32" || (precision == "auto" && device == "cpu");
}

runner::BenchPlan make_plan(const Options& o) {
  const auto sizes = batch_sizes(o);
  runner::BenchPlan plan{.rounds = o.rounds, .device = device(o), .threads = o.threads};
  TrialSpec blank;
  // What steps of training are timed with: timm's benchmark.py.
  blank.training = {.epochs = 0,
                    .batch_size = sizes.back(),
                    .optimizer = "sgd",
                    .learning_rate = 1e-4,
                    .weight_decay = 0,
                    .schedule = "constant",
                    .warmup = 0,
                    .precision = o.precision,
                    .layout = o.layout};
  blank.measurement = {.batch_sizes = sizes, .seconds = o.seconds, .warmup_seconds = 3 * o.seconds};
  const auto add = [&](TrialSpec spec) {
    const std::string family(archs::get(spec.architecture).family);
    if (o.train)
      std::ranges::copy_if(sizes, std::back_inserter(spec.measurement.train_batch_sizes),
                           [](int n) { return n > 1; });
    plan.candidates.push_back({spec, family, "", 0});
    if (!o.fold && !is_exported(spec)) return;
    if (!can_fold(spec.training.precision, plan.device)) {
      fmt::print(stderr, "{}: not timed folded: in {} folded weights would be rounded anew\n",
                 spec.architecture, spec.training.precision);
      return;
    }
    spec.measurement.fold = true;  // for inference alone
    spec.measurement.train_batch_sizes.clear();
    plan.candidates.push_back({std::move(spec), family, "", 0});
  };
  for (const auto* entry : architectures(o)) {
    auto spec = blank;
    spec.architecture = entry->name;
    spec.dataset.kind = "random";
    spec.dataset.image_size = spec.dataset.stored_size =
        o.image_size ? o.image_size : entry->preprocessing.input_size;
    add(std::move(spec));
  }
  for (const auto& word : o.globs) {
    if (!is_export(word)) continue;
    const auto about = spec_of_export(word);
    auto spec = blank;
    spec.architecture = about.architecture;
    spec.dataset = about.dataset;
    spec.measurement.exported = about.measurement.exported;
    // As it was trained, unless the command line says something else.
    if (o.precision == "auto") spec.training.precision = about.training.precision;
    if (o.layout == "auto") spec.training.layout = about.training.layout;
    if (o.image_size && o.image_size != spec.dataset.image_size)
      throw Error(fmt::format("{}: is of {} pixels; leave out --image-size", word,
                              spec.dataset.image_size));
    add(std::move(spec));
  }
  plan.command = fmt::format(
      "archsweep bench {} --batch-size {}{} --device {} --threads {} "
      "--precision {} --layout {} --rounds {} --seconds {}{}{}",
      fmt::join(o.globs, " "), o.batch_sizes, o.train ? " --train" : "", plan.device, o.threads,
      o.precision, o.layout, o.rounds, o.seconds,
      o.image_size ? fmt::format(" --image-size {}", o.image_size) : "", o.fold ? " --fold" : "");
  const fs::path database = o.database;
  plan.folder = database.parent_path() / (database.stem().string() + "-files");
  return plan;
}

// What goes on, on stderr: on a terminal a line that is overwritten below the lines that stay, in a
// log only these.
class Progress {
 public:
  Progress() {
    const char* terminal = std::getenv("TERM");
    live_ = ::isatty(STDERR_FILENO) && terminal && std::string_view(terminal) != "dumb";
  }
  ~Progress() { erase(); }
  void say(const std::string& line) {
    erase();
    fmt::print(stderr, "{}\n", line);
  }
  void doing(const std::string& what) {
    if (!live_) return;
    erase();
    fmt::print(stderr, "{}", what.substr(0, 78));
    std::fflush(stderr);
  }

 private:
  void erase() {
    if (live_) fmt::print(stderr, "\r\x1b[K");
  }
  bool live_ = false;
};

double rounded(double value, int digits) {
  const double scale = std::pow(10, digits);
  return std::round(value * scale) / scale;
}

const results::Pooled* speed(const runner::Benched& c, int batch_size, std::string_view kind) {
  for (const auto& p : c.speeds)
    if (p.batch_size == batch_size && p.kind == kind) return &p;
  return nullptr;
}

const results::Pooled* inference(const runner::Benched& c, int batch_size) {
  return speed(c, batch_size, batch_size == 1 ? "latency" : "throughput");
}

// A row a name and batch size, in timm's columns, units and digits; what failed has none.
results::Rows timm_rows(const runner::BenchPlan& plan, const runner::BenchOutcome& outcome,
                        bool train) {
  results::Rows rows{{"model", "infer_samples_per_sec", "infer_step_time", "infer_batch_size",
                      "infer_img_size", "infer_gmacs", "infer_macts"},
                     {}};
  if (train)
    for (const auto* name :
         {"train_samples_per_sec", "train_step_time", "train_batch_size", "train_img_size"})
      rows.columns.emplace_back(name);
  rows.columns.emplace_back("param_count");
  for (std::size_t i = 0; i < plan.candidates.size(); ++i) {
    const auto& spec = plan.candidates[i].spec;
    const auto& c = outcome.candidates[i];
    if (!c.summary) continue;
    const auto add = [&](std::vector<results::Value>& row, const results::Pooled* p) {
      if (!p) return row.resize(row.size() + 4);
      row.insert(row.end(), {rounded(p->samples_per_second, 2), rounded(1e3 * p->p50, 3),
                             std::int64_t(p->batch_size), std::int64_t(p->image_size)});
    };
    for (const int n : spec.measurement.batch_sizes) {
      const auto* infer = inference(c, n);
      const auto* step = speed(c, n, "train_step");
      if (!infer && !step) continue;
      std::vector<results::Value> row{runner::bench_name(spec)};
      add(row, infer);
      row.insert(row.end(), {rounded(static_cast<double>(c.summary->macs) / 1e9, 2),
                             rounded(static_cast<double>(c.summary->activations) / 1e6, 2)});
      if (train) add(row, step);
      row.emplace_back(rounded(static_cast<double>(c.summary->parameters) / 1e6, 2));
      rows.rows.push_back(std::move(row));
    }
  }
  return rows;
}

// For people, and in full for programs.
results::Rows own_rows(const runner::BenchPlan& plan, const runner::BenchOutcome& outcome,
                       bool train, bool in_full) {
  results::Rows rows{{"model", "px", "batch", "ms", "low", "high", "p99", "samples_per_s"}, {}};
  const auto columns = [&](std::initializer_list<const char*> names) {
    rows.columns.insert(rows.columns.end(), names.begin(), names.end());
  };
  if (in_full) columns({"p90", "mad", "samples", "rounds"});
  if (train) columns({"train_ms", "train_samples_per_s"});
  if (train && in_full)
    columns({"train_low", "train_high", "train_forward_ms", "train_backward_ms",
             "train_optimizer_ms", "train_memory_bytes"});
  if (in_full) columns({"memory_bytes", "parameters", "macs", "activations"});
  const bool failed =
      std::ranges::any_of(outcome.candidates, [](const auto& c) { return !c.faults.empty(); });
  if (failed || in_full) columns({"fault"});
  for (std::size_t i = 0; i < plan.candidates.size(); ++i) {
    const auto& spec = plan.candidates[i].spec;
    const auto& c = outcome.candidates[i];
    for (const int n : spec.measurement.batch_sizes) {
      const auto* infer = inference(c, n);
      std::vector<results::Value> row{runner::bench_name(spec),
                                      std::int64_t(spec.dataset.image_size), std::int64_t(n)};
      // A number of what was measured, or nothing.
      const auto put = [&](const auto* from, auto&& number) {
        auto& cell = row.emplace_back();
        if (from) cell = number(*from);
      };
      const auto ms = [](double results::Pooled::*member) {
        return [member](const results::Pooled& p) { return 1e3 * (p.*member); };
      };
      using P = results::Pooled;
      const auto per_second = [](const P& p) { return p.samples_per_second; };
      for (const auto member : {&P::p50, &P::low, &P::high, &P::p99}) put(infer, ms(member));
      put(infer, per_second);
      if (in_full) {
        put(infer, ms(&P::p90));
        put(infer, ms(&P::mad));
        put(infer, [](const P& p) { return static_cast<std::int64_t>(p.samples); });
        put(infer, [](const P& p) { return std::int64_t(p.rounds); });
      }
      if (train) {
        put(speed(c, n, "train_step"), ms(&P::p50));
        put(speed(c, n, "train_step"), per_second);
      }
      const auto* summary = c.summary ? &*c.summary : nullptr;
      using S = results::Summary;
      if (train && in_full) {
        put(speed(c, n, "train_step"), ms(&P::low));
        put(speed(c, n, "train_step"), ms(&P::high));
        for (const auto* part : {"train_forward", "train_backward", "train_optimizer"})
          put(speed(c, n, part), ms(&P::p50));
        put(summary, [](const S& s) { return s.train_memory_bytes; });
      }
      if (in_full) {
        put(summary, [](const S& s) { return s.inference_memory_bytes; });
        put(summary, [](const S& s) { return s.parameters; });
        put(summary, [](const S& s) { return s.macs; });
        put(summary, [](const S& s) { return s.activations; });
      }
      std::string faults;
      for (const auto& f : c.faults)
        if (f.batch_size == n || f.batch_size == 0)
          faults +=
              fmt::format("{}{}{}: {}", faults.empty() ? "" : "; ", f.training ? "training " : "",
                          results::name(f.failure.cause), f.failure.message);
      if (failed || in_full) {
        auto& cell = row.emplace_back();
        if (!faults.empty()) cell = faults;
      }
      rows.rows.push_back(std::move(row));
    }
  }
  return rows;
}

void check_output(const std::string& file) {
  const auto folder = fs::absolute(file).parent_path();
  if (fs::is_directory(file) || !fs::is_directory(folder))
    throw Error(fmt::format("-o {}: {}", file,
                            fs::is_directory(file) ? "is a folder; name a file"
                                                   : "there is no folder " + folder.string()));
}

int bench(const Options& o) {
  auto plan = make_plan(o);
  if (!o.output.empty()) check_output(o.output);
  const auto worker = runner::find_worker();
  results::Store store(o.database);
  runner::ingest_unfinished(store);
  runner::ProcessRunner processes(worker);
  runner::BenchOutcome outcome;
  {
    Progress progress;
    outcome = runner::run_bench(
        plan, store, processes, [&](const std::string& line) { progress.say(line); },
        [&](const std::string& what) { progress.doing(what); });
  }
  const auto rows = o.format == "csv" ? timm_rows(plan, outcome, o.train)
                                      : own_rows(plan, outcome, o.train, o.format == "json");
  if (o.output.empty()) {
    print_rows(rows, o.format, {"px", "low", "high", "p99"});
  } else {
    std::ofstream file(o.output, std::ios::binary);
    file << results::write_rows(rows, o.format);
    if (!file.flush())
      throw Error(fmt::format("{}: cannot be written; the numbers are in {}", o.output, o.database),
                  Exit::environment);
  }
  if (outcome.interrupted) return stopped_by_user;
  const bool failed =
      std::ranges::any_of(outcome.candidates, [](const auto& c) { return !c.faults.empty(); });
  return static_cast<int>(failed ? Exit::trials_failed : Exit::done);
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option(
         "glob", o->globs,
         "Names to time: * ? [abc]; several are a union, '!' excludes; or folders of `archsweep "
         "export`")
      ->required();
  app.add_option("--batch-size", o->batch_sizes, "Images at once, as in 1,32,256")
      ->capture_default_str();
  app.add_flag("--train", o->train, "Also steps of training, at the batch sizes above 1");
  app.add_flag("--fold", o->fold,
               "Also with batch norms folded into the layers before them; exports always are");
  app.add_option("--image-size", o->image_size, "Side in pixels; else each architecture's own")
      ->check(CLI::Range(1, 4096));
  app.add_option("--device", o->device, "auto, cpu or cuda:N")->capture_default_str();
  app.add_option("--threads", o->threads, "Of the CPU; 0: all cores")->check(CLI::Range(0, 4096));
  app.add_option("--precision", o->precision,
                 "auto (bfloat16 on a GPU, float32 on CPU; of an export its own), float32, tf32, "
                 "bfloat16 or "
                 "float16")
      ->check(CLI::IsMember({"auto", "float32", "tf32", "bfloat16", "float16"}));
  app.add_option("--layout", o->layout, "auto, channels_last or contiguous")
      ->check(CLI::IsMember({"auto", "channels_last", "contiguous"}));
  app.add_option("--rounds", o->rounds, "Processes that each candidate is timed in")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  app.add_option("--seconds", o->seconds,
                 "Of timed runs, a round and batch size; warming up may take three times as long")
      ->check(CLI::Range(0.01, 3600.0))
      ->capture_default_str();
  app.add_option("--db", o->database, "Database that the samples go to")->capture_default_str();
  add_format_option(app, o->format, "csv has timm's columns");
  app.add_option("-o", o->output, "Write the rows to this file");
  return [o] { return bench(*o); };
}

}  // namespace

extern const Command bench_command;
const Command bench_command{
    "bench",
    "Time architectures with fresh weights, or an export: latency, throughput, training steps",
    "  archsweep bench 'resnet*' '!*_gn' --batch-size 1,32\n"
    "  archsweep bench test_vit test_resnet --train --format csv -o speeds.csv\n"
    "  archsweep bench pets-model/               an export, as it is and with folded batch norms\n"
    "low and high: 95 % interval of ms, over all rounds. Exit code: 0 done, 1 something could not "
    "be timed,\n2 bad usage, 3 this machine cannot, 130 stopped (what is measured is kept)\n",
    declare};

}  // namespace archsweep::cli
