#pragma once

// Nodes of YAML into plain values, by what the keys allow; collects every fault instead of stopping
// at the first.

#include <string>
#include <vector>

#include "runner/config/document.h"
#include "runner/config/keys.h"

namespace archsweep::runner {

class Values {
 public:
  // "file:line:column: what"
  void fault(const std::string& place, const std::string& what);
  void fault(const Node& node, const std::string& what) { fault(node.place, what); }
  const std::vector<std::string>& faults() const { return faults_; }

  // Into the key's target; what the key does not allow is a fault and changes nothing.
  void set(const Key& key, const Node& node);
  // The same into another place than the key's.
  template <typename T>
  requires std::is_arithmetic_v<T>
  void set(const Key& key, const Node& node, T& target);

 private:
  void set(const Key& key, const Node& node, bool& target);
  void set(const Key& key, const Node& node, std::string& target);
  void set(const Key& key, const Node& node, std::vector<int>& target);
  void set(const Key& key, const Node& node, std::vector<std::string>& target);

  std::vector<std::string> faults_;
};

}  // namespace archsweep::runner
