#include "runner/trial/train/learner.h"
#include "runner/trial/train/train.h"

namespace archsweep::runner {

void prepare(const Job& job, EventSink& events) {
  const auto dataset = open_data(job, events, /*check=*/true);
  events.send(Prepared{.split_hash = dataset.split_hash,
                       .train_samples = static_cast<int>(dataset.train.size()),
                       .valid_samples = static_cast<int>(dataset.valid.size()),
                       .classes = dataset.classes,
                       .bad_files = dataset.bad_files,
                       .duplicates = shared_images(dataset),
                       .cache_file = dataset.cache_file.string(),
                       .is_weighted = dataset.weights != nullptr});
}

}  // namespace archsweep::runner
