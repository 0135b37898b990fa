// Any text as a formula: a finite value for every x, or an Error.

#include <array>
#include <cmath>

#include "runner/support/error.h"
#include "runner/support/expression.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr std::array xs{-2.0, 0.0, 0.5};
  try {
    const auto values = evaluate(std::string(fuzz::text(bytes, size)), xs);
    fuzz::require(values.size() == xs.size(), "a value for every x");
    for (const double value : values) fuzz::require(std::isfinite(value), "a value is a number");
  } catch (const Error&) {
  }
  return 0;
}
