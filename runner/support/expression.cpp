#include "runner/support/expression.h"

#include <muParser.h>

#include <algorithm>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/number.h"
#include "runner/support/text.h"

namespace archsweep {

std::vector<double> evaluate(const std::string& expression, std::span<const double> xs) {
  constexpr std::size_t longest = 1000;
  const auto fault = [&](std::size_t at, const std::string& what) {
    return Error(fmt::format("character {} of '{}': {}", at + 1, printable(expression, 60), what));
  };
  if (expression.size() > longest)
    throw fault(longest, fmt::format("a formula has at most {}", longest));
  if (const auto at = expression.find_first_of("=;\\\"{},?"); at != expression.npos)
    throw fault(at, fmt::format("'{}' has no place in a formula", expression[at]));
  std::vector<double> values;
  try {
    double x = 0;
    mu::Parser parser;
    parser.DefineVar("x", &x);
    parser.SetExpr(expression);
    for (const double at : xs) {
      x = at;
      values.push_back(parser.Eval());
      if (!fits_float(values.back()))
        throw Error(fmt::format("'{}' is {:g} where x is {:g}", printable(expression, 60),
                                values.back(), at));
    }
  } catch (const mu::Parser::exception_type& e) {
    // muParser reads a space after the end.
    const auto end = static_cast<int>(expression.size());
    throw fault(static_cast<std::size_t>(std::clamp(static_cast<int>(e.GetPos()), 0, end)),
                first_line(e.GetMsg()));
  }
  return values;
}

}  // namespace archsweep
