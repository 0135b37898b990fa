#include "runner/support/expression.h"

#include <catch2/catch.hpp>

#include <array>

#include "runner/support/error.h"

using namespace archsweep;
using Catch::Matchers::StartsWith;

TEST_CASE("a formula in x", "[expression]") {
  const std::array xs{-2.0, 0.0, 2.0};
  CHECK(evaluate("3*x^2 + 2*x + 1", xs) == std::vector<double>{9, 1, 17});
  CHECK(evaluate(" abs(x) ", xs) == std::vector<double>{2, 0, 2});
  CHECK(evaluate("-x^2", std::array{2.0})[0] == -4);
}

TEST_CASE("what is no formula is refused with its place", "[expression]") {
  const auto fault = [](const std::string& text) {
    try {
      evaluate(text, std::array{-1.0, 0.0});
      return std::string();
    } catch (const Error& e) {
      return std::string(e.what());
    }
  };
  CHECK_THAT(fault("3*y"), StartsWith("character 3 of '3*y': "));
  CHECK_THAT(fault("2*x +"), StartsWith("character 6 of '2*x +': "));
  CHECK_THAT(fault("(x"), StartsWith("character 3 of '(x': "));
  CHECK_THAT(fault(""), StartsWith("character 1 of '': "));
  CHECK(fault("x = 3") == "character 3 of 'x = 3': '=' has no place in a formula");
  CHECK_THAT(fault("system(\"rm\")"), StartsWith("character 8 of 'system"));
  CHECK_THAT(fault("exec(x)"), StartsWith("character 1 of 'exec(x)': "));
  CHECK(fault("1/x") == "'1/x' is inf where x is 0");
  CHECK_THAT(fault("sqrt(x)"), StartsWith("'sqrt(x)' is "));
  CHECK_THAT(fault(std::string(2000, '(')), StartsWith("character 1001 of '((("));
  CHECK_THAT(fault(std::string(999, '(')), StartsWith("character 1000 of '((("));
}
