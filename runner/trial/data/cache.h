#pragma once

// One file of decoded, resized images a data set and size, shared by all trials through the page
// cache. Named by a hash of everything that decides its content; written whole or not at all.

#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "runner/trial/data/dataset.h"
#include "runner/trial/data/source.h"

namespace archsweep::runner {

struct Cached {
  const std::uint8_t* pixels = nullptr;                    // of the wanted images, in their order
  std::vector<std::pair<std::uint32_t, std::string>> bad;  // place among the wanted, why
  std::shared_ptr<const void> mapping;                     // and the lock of who uses the file
  std::filesystem::path file;
};

// The wanted images of the source, from the cache or decoded into it. A file that is damaged is
// made again. An image that cannot be read
// is black and listed as bad. Throws Error.
Cached open_cache(const Source& source, const DatasetSpec& spec,
                  const std::vector<std::uint32_t>& wanted,
                  const std::filesystem::path& cache_folder, const DataProgress& progress,
                  const CacheRules& rules);

}  // namespace archsweep::runner
