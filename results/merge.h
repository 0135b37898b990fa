#pragma once

// What one results database knows, into another: a sweep that ran on two machines becomes one.

#include <filesystem>

namespace archsweep::results {

struct Merged {
  int trials = 0;      // that were not known before
  int results = 0;     // finished trials that were not, or not finished
  int duplicates = 0;  // finished in both: the first stays
  int sweeps = 0, imports = 0;
};

// All of `from` into `into`, which is made where it is not there, in one transaction: done wholly
// or not at all. A trial is known by its fingerprint; a benchmark, which each machine runs for
// itself, by when it ran, too. Attempts are numbered on; doing it again changes nothing. `from` is
// only read; one of an older version is brought up to date in a copy.
// Throws Error: no such file, not ours, newer, being written to, or the two are one.
Merged merge(const std::filesystem::path& from, const std::filesystem::path& into);

}  // namespace archsweep::results
