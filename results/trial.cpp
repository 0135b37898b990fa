#include "results/trial.h"

#include <array>
#include <stdexcept>

namespace archsweep::results {
namespace {

constexpr std::array<std::string_view, 5> states{"planned", "running", "paused", "done", "failed"};
constexpr std::array<std::string_view, 8> causes{
    "out_of_memory", "diverged", "bad_data", "bad_config", "timeout", "crashed", "killed", "hung"};

template <typename Enum, std::size_t n>
Enum from_name(const std::array<std::string_view, n>& names, std::string_view word) {
  for (std::size_t i = 0; i < n; ++i)
    if (names[i] == word) return static_cast<Enum>(i);
  throw std::invalid_argument("unknown word '" + std::string(word) + "'");
}

}  // namespace

std::string_view name(TrialState state) {
  return states[static_cast<std::size_t>(state)];
}
std::string_view name(Cause cause) {
  return causes[static_cast<std::size_t>(cause)];
}
TrialState trial_state(std::string_view word) {
  return from_name<TrialState>(states, word);
}
Cause cause(std::string_view word) {
  return from_name<Cause>(causes, word);
}

}  // namespace archsweep::results
