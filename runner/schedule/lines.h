#pragma once

// A stream of bytes, cut into lines. Lines that are too long to be events are left out.

#include <cstddef>
#include <string>
#include <string_view>

#include "runner/trial/protocol.h"

namespace archsweep::runner {

class Lines {
 public:
  // Calls `take` with every line that ends in these bytes.
  template <typename Take>
  void add(std::string_view text, Take&& take) {
    for (;;) {
      const auto end = text.find('\n');
      if (!skipping_) line_ += text.substr(0, end);
      if (line_.size() > longest_event) {
        skipping_ = true;
        line_.clear();
      }
      if (end == std::string_view::npos) return;
      if (!skipping_) take(line_);
      line_.clear();
      skipping_ = false;
      text.remove_prefix(end + 1);
    }
  }

 private:
  std::string line_;       // not yet complete
  bool skipping_ = false;  // the rest of a line that was too long
};

}  // namespace archsweep::runner
