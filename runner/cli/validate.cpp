#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "archs/weights/hub.h"
#include "archs/weights/pretrained.h"
#include "runner/cli/become_worker.h"
#include "runner/cli/command.h"
#include "runner/cli/rows.h"
#include "runner/trial/protocol.h"

namespace archsweep::cli {
namespace {

// What the hub must give is fetched here, where the progress can be shown; the rest is the
// worker's.
int validate(runner::ValidateJob job) {
  if (job.weights.empty()) {
    const auto& weights = archs::find_pretrained(job.name);
    job.name = weights.name();
    job.weights = archs::weights_file(archs::hub_from_environment(), weights,
                                      archs::show_download(job.name, stderr))
                      .string();
  }
  become_worker(std::vector<std::string>{"validate", encode(job)});
}

Action declare(CLI::App& app) {
  auto job = std::make_shared<runner::ValidateJob>();
  app.add_option("folder", job->folder, "A folder a class, of PNG and JPEG files")->required();
  app.add_option("--arch", job->name,
                 "Architecture, or ARCH.TAG for other pretrained weights than its default")
      ->required();
  app.add_option("--weights", job->weights,
                 "safetensors file; else the hub's for the name, from its cache or downloaded");
  app.add_option("--class-map", job->class_map, "Text file of folder names: the line is the class");
  app.add_option("--batch-size", job->batch_size, "Images at once")->check(CLI::Range(1, 65536));
  app.add_option("--image-size", job->image_size, "Side in pixels, instead of what timm tests at")
      ->check(CLI::Range(1, 4096));
  app.add_option("--limit", job->limit, "At most this many images, spread over all classes")
      ->check(CLI::Range(1, 1 << 30));
  app.add_option("--device", job->device, "auto, cpu or cuda:N");
  app.add_option("--logits", job->logits, "Also write logits and labels to this safetensors file");
  add_format_option(app, job->format);
  return [job] { return validate(*job); };
}

}  // namespace

extern const Command validate_command;
const Command validate_command{
    "validate", "Top-1 and top-5 of given weights on a folder of photos",
    "  archsweep validate --arch resnet18.a1_in1k imagenet/val\n"
    "  archsweep validate --arch resnet18 --weights model.safetensors photos --format json\n",
    declare};

}  // namespace archsweep::cli
