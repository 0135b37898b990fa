#pragma once

// YAML as written: nodes that know their line and column. The only user of yaml-cpp.

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace archsweep::runner {

struct Node {
  enum class Kind { null, scalar, list, map };
  struct Member;
  Kind kind = Kind::null;
  std::string text;             // of a scalar
  bool quoted = false;          // a quoted scalar is text, never a number
  std::vector<Node> items;      // of a list
  std::vector<Member> members;  // of a map, in order; keys are scalars, none twice
  std::string place;            // "file:line:column"

  const Node* find(std::string_view key) const;
};

struct Node::Member {
  Node key, value;
};

// Throws Error "file:line:column: what is wrong" for what is not one YAML mapping: broken syntax,
// an empty or binary file, a key twice, aliases that expand without end, nesting deeper than 64,
// more than 4 MiB.
Node read_document(const std::filesystem::path& path);

// One value of the command line, such as "[1, 2]" or "0.1"; `place` stands for file:line:column.
Node read_value(const std::string& yaml, const std::string& place);

// What a plain, unquoted scalar says, where that is a finite number.
std::optional<double> to_number(const Node& node);

// Values of `over` in place of `base`'s; maps are merged, everything else replaced.
void merge(Node& base, const Node& over);

// For messages: "'text'", "a list", "a mapping", "nothing".
std::string shown(const Node& node);

}  // namespace archsweep::runner
