#include <array>
#include <string_view>

#include <fmt/format.h>

#include "runner/config/dataset.h"
#include "runner/support/error.h"
#include "runner/support/expression.h"

namespace archsweep::runner {

void settle_function(const Node& node, DatasetSpec& d, Values& values) {
  constexpr std::string_view own[] = {"kind", "expression", "points", "noise", "seed"};
  only_keys(node, own, values);
  d.image_size = d.stored_size = d.channels = 0;
  d.valid_fraction = 0;
  const auto* expression = node.find("expression");
  if (!expression)
    return values.fault(node, "dataset.expression is missing: a formula, such as 3*x^2 + 2*x + 1");
  try {
    evaluate(d.expression, std::array{-2.0, 0.0, 2.0});
  } catch (const Error& e) {
    values.fault(*expression, fmt::format("dataset.expression: {}", e.what()));
  }
}

}  // namespace archsweep::runner
