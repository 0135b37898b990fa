#pragma once

// SHA-256, as lower-case hexadecimal. Identities are content hashes.

#include <memory>
#include <string>
#include <string_view>

namespace archsweep {

std::string sha256(std::string_view bytes);

// The same in pieces, for data that does not fit in memory.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  void add(std::string_view bytes);
  std::string hex();  // ends the computation

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace archsweep
