#include "results/metric.h"

#include <string>
#include <vector>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::results {

const Metric* find_metric(std::string_view word) {
  for (const auto& m : metrics)
    if (word == m.key || (!m.alias.empty() && word == m.alias)) return &m;
  return nullptr;
}

const Metric& metric(std::string_view word, std::string_view option) {
  if (const auto* found = find_metric(word)) return *found;
  std::vector<std::string> words;
  std::string keys;
  for (const auto& m : metrics) {
    words.emplace_back(m.key);
    if (!m.alias.empty()) words.emplace_back(m.alias);
    keys += (keys.empty() ? "" : ", ") + std::string(m.key);
  }
  const auto near = did_you_mean(word, words);
  throw Error(fmt::format("{} {}: no such metric{}", option, printable(word, 80),
                          near.empty() ? "; there are " + keys : near));
}

}  // namespace archsweep::results
