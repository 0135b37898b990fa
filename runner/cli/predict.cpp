#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "runner/cli/become_worker.h"
#include "runner/cli/command.h"
#include "runner/cli/rows.h"
#include "runner/trial/protocol.h"

namespace archsweep::cli {
namespace {

struct Options {
  runner::PredictJob job;
  std::vector<std::string> images;
};

int predict(const Options& o) {
  auto job = o.job;
  job.all = job.all || job.format == "json";
  std::vector<std::string> words{"predict", encode(job)};
  words.insert(words.end(), o.images.begin(), o.images.end());
  become_worker(words);
}

Action declare(CLI::App& app) {
  auto o = std::make_shared<Options>();
  app.add_option("folder", o->job.folder, "What `archsweep export` wrote")->required();
  app.add_option("images", o->images,
                 "JPEG, PNG, GIF, BMP and WebP files, or folders of them; of a table, CSV files")
      ->required();
  app.add_flag("--all", o->job.all,
               "Every class in the order of the vocabulary, and not the likeliest alone");
  app.add_flag("!--no-fold", o->job.fold,
               "Run batch norms as they are, not folded into the layers before them");
  app.add_option("--batch-size", o->job.batch_size, "Images at once")->check(CLI::Range(1, 65536));
  app.add_option("--device", o->job.device, "auto, cpu or cuda:N");
  add_format_option(app, o->job.format, "exact numbers in csv and json; json has every class");
  return [o] { return predict(*o); };
}

}  // namespace

extern const Command predict_command;
const Command predict_command{
    "predict", "What an exported network says of photos, or of the rows of a table",
    "  archsweep predict pets-model cat.jpg\n"
    "  archsweep predict pets-model photos/ cat.jpg --all --format csv\n"
    "  archsweep predict titanic-model passengers.csv\n"
    "Photos are prepared as the validation of its training prepared them. One that cannot be\n"
    "read, an empty folder, a row with a text for a number, or without a value where training\n"
    "left such rows out, is named, the others go on; the exit code is then 1. In the end stderr\n"
    "tells, a column, how many cells were missing or of a level that training never had.\n",
    declare};

}  // namespace archsweep::cli
