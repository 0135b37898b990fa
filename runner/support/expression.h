#pragma once

// A formula in one variable, as people type it: 3*x^2 + 2*x + 1, sin(x). muparser reads it.

#include <span>
#include <string>
#include <vector>

namespace archsweep {

// Its values at all of `xs`. Throws Error "character 5 of '...': what is wrong": no formula,
// another variable than x, an assignment, more than 1,000 characters, a value that float32 cannot
// hold.
std::vector<double> evaluate(const std::string& expression, std::span<const double> xs);

}  // namespace archsweep
