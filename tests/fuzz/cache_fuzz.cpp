// Any bytes as a file of the cache: it is listed for what it is, and can be removed.

#include "runner/trial/data/cache_files.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const fuzz::Folder folder;
  folder.write("x.images", fuzz::text(bytes, size));
  const auto files = runner::list_cache(folder.path);
  fuzz::require(files.size() == 1 && files[0].bytes == size, "the file is listed");
  if (files[0].state == runner::CacheState::idle)
    fuzz::require(files[0].header.json_at() + files[0].header.json_bytes == size,
                  "a whole file is as long as it says");
  else
    fuzz::require(files[0].state == runner::CacheState::foreign, "nobody uses it");
  fuzz::require(runner::remove_cache(files[0].path), "it can be removed");
  return 0;
}
