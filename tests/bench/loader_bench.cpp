// How many images a second are read, against what the peers' loaders do (loader.py runs both).
//   loader_bench ROOT cached|decode [--size 224] [--threads 2] [--epochs 5]
//
// cached: random resized crop and flip of a data set that is in the cache already, as a trial of a
// sweep sees it. decode: the cache is made, from files.

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>
#include <tbb/global_control.h>

#include "runner/trial/data/batches.h"
#include "runner/trial/data/dataset.h"

using namespace archsweep::runner;

namespace {

double now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

long resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (long kib = 0; word == "RssAnon:" && status >> kib) return kib;
  return 0;
}

std::vector<AugmentStep> usual() {
  std::vector<AugmentStep> steps;
  for (const char* name : {"random_resized_crop", "horizontal_flip"}) steps.push_back({name, {}});
  return steps;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return std::fputs("loader_bench ROOT cached|decode [--KEY VALUE]...\n", stderr), 2;
  int size = 224, threads = 2, epochs = 5;
  for (int i = 3; i + 1 < argc; i += 2)
    (!std::strcmp(argv[i], "--size")      ? size
     : !std::strcmp(argv[i], "--threads") ? threads
                                          : epochs) = std::atoi(argv[i + 1]);
  const tbb::global_control limit(tbb::global_control::max_allowed_parallelism,
                                  std::size_t(threads));
  const DatasetSpec spec{.kind = "image_folder",
                         .root = std::filesystem::canonical(argv[1]),
                         .image_size = size,
                         .stored_size = (size * 8 + 6) / 7,
                         .resize = "crop",
                         .bad_images = "skip"};
  const auto cache =
      std::filesystem::temp_directory_path() / fmt::format("loader_bench_{}", ::getpid());
  auto start = now();
  const auto dataset = open_dataset(spec, cache);
  const double decoding = now() - start;
  if (!std::strcmp(argv[2], "decode")) {
    fmt::print("{:.1f}\n", double(dataset.size()) / decoding);
  } else {
    Batch batch;
    std::size_t images = 0;
    long first = 0;
    std::clock_t cpu = 0;
    for (int epoch = 0; epoch <= epochs; ++epoch) {
      if (epoch == 1) start = now(), images = 0, first = resident_kib(), cpu = std::clock();
      BatchLoader loader(dataset, dataset.train,
                         {.augmentation = usual(),
                          .image_size = size,
                          .batch_size = 64,
                          .epoch = epoch,
                          .shuffle = true,
                          .threads = threads});
      while (loader.next(batch)) images += std::size_t(batch.count);
    }
    fmt::print("{:.1f}\n", double(images) / (now() - start));
    fmt::print(
        stderr,
        "{:.3f} ms of CPU an image; memory {} KiB after the first epoch, {} after the last\n",
        double(std::clock() - cpu) * 1e3 / CLOCKS_PER_SEC / double(images), first, resident_kib());
  }
  std::filesystem::remove_all(cache);
  return 0;
}
