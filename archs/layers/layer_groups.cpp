#include "archs/layers/layer_groups.h"

#include <charconv>
#include <numeric>

namespace archsweep::archs {

// The number after the first `word` in `key`; 0 where there is none.
static int number_after(std::string_view word, std::string_view key) {
  int number = 0;
  if (const auto at = key.find(word); at != key.npos)
    std::from_chars(key.data() + at + word.size(), key.data() + key.size(), number);
  return number;
}

int layer_in_stages(std::string_view key, std::string_view stem, std::span<const int> depths) {
  if (key.starts_with(stem)) return 0;
  if (!key.starts_with("stages.")) return std::accumulate(depths.begin(), depths.end(), 1);
  const auto before = depths.first(static_cast<std::size_t>(number_after("stages.", key)));
  return std::accumulate(before.begin(), before.end(), 1) + number_after(".blocks.", key);
}

}  // namespace archsweep::archs
