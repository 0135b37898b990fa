#pragma once

// Random numbers that are the same on every platform and compiler: the distributions of <random>
// are not.

#include <cstdint>
#include <span>

namespace archsweep::runner {

// splitmix64 (Steele, Lea, Flood 2014): any seed is a good one, one addition of state.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  // A stream of its own for each (seed, a, b).
  Random(std::uint64_t seed, std::uint64_t a, std::uint64_t b = 0);

  std::uint64_t next();
  std::uint64_t below(std::uint64_t bound);  // 0 .. bound - 1, without bias
  double uniform();                          // [0, 1)
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  double normal();             // mean 0, deviation 1
  double gamma(double shape);  // scale 1

 private:
  std::uint64_t state_;
};

void shuffle(std::span<std::uint32_t> values, Random& random);

}  // namespace archsweep::runner
