#include "runner/config/document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <map>
#include <sstream>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

constexpr std::uintmax_t most_bytes = 4 << 20;
constexpr std::size_t most_depth = 64, most_nodes = 100'000;

// Builds the tree from the parser's events. Throws Error at the first fault.
class Builder : public YAML::EventHandler {
 public:
  explicit Builder(std::string file) : file_(std::move(file)) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.place = place(mark);
    add(std::move(node), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto at = anchors_.find(anchor);
    if (at == anchors_.end()) fail(place(mark), "an alias stands inside what it names");
    count(size_of(at->second), place(mark));
    add(Node(at->second), 0);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node;
    node.kind = Node::Kind::scalar;
    node.text = value;
    node.quoted = tag == "!";
    node.place = place(mark);
    if (!node.quoted && (value == "~" || value == "null")) node.kind = Node::Kind::null;
    add(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(Node::Kind::list, mark, anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(Node::Kind::map, mark, anchor);
  }
  void OnMapEnd() override { close(); }

  Node root;

 private:
  struct Open {
    Node node;
    YAML::anchor_t anchor;
    Node key;
    bool has_key = false;
  };

  std::string place(const YAML::Mark& mark) const {
    return mark.is_null() ? file_ + ":1:1"
                          : fmt::format("{}:{}:{}", file_, mark.line + 1, mark.column + 1);
  }
  [[noreturn]] static void fail(const std::string& place, const std::string& what) {
    throw Error(place + ": " + what);
  }

  static std::size_t size_of(const Node& node) {
    std::size_t size = 1;
    for (const auto& item : node.items) size += size_of(item);
    for (const auto& [key, value] : node.members) size += 1 + size_of(value);
    return size;
  }
  void count(std::size_t more, const std::string& where) {
    nodes_ += more;
    if (nodes_ > most_nodes) fail(where, fmt::format("more than {} values", most_nodes));
  }
  void open(Node::Kind kind, const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (stack_.size() >= most_depth)
      fail(place(mark), fmt::format("nested deeper than {} levels", most_depth));
    Open level{{}, anchor, {}};
    level.node.kind = kind;
    level.node.place = place(mark);
    stack_.push_back(std::move(level));
  }
  void close() {
    auto level = std::move(stack_.back());
    stack_.pop_back();
    add(std::move(level.node), level.anchor);
  }
  void add(Node node, YAML::anchor_t anchor) {
    count(1, node.place);
    if (anchor) anchors_[anchor] = node;
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    auto& level = stack_.back();
    if (level.node.kind == Node::Kind::list) {
      level.node.items.push_back(std::move(node));
    } else if (!level.has_key) {
      if (node.kind != Node::Kind::scalar) fail(node.place, "a key must be a plain word");
      if (const auto* twice = level.node.find(node.text); twice)
        fail(node.place, fmt::format("'{}' stands here a second time; remove one", node.text));
      level.key = std::move(node);
      level.has_key = true;
    } else {
      level.node.members.push_back({std::move(level.key), std::move(node)});
      level.has_key = false;
    }
  }

  std::string file_;
  std::vector<Open> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t nodes_ = 0;
};

Node parse(const std::string& text, const std::string& file) {
  if (const auto nul = text.find('\0'); nul != text.npos)
    throw Error(fmt::format("{}:{}:1: not a text file", file,
                            1 + std::count(text.begin(), text.begin() + nul, '\n')));
  // yaml-cpp's own recursion is not bounded early enough for a file of brackets.
  std::size_t brackets = 0, line = 1;
  for (const char c : text) {
    line += c == '\n';
    if (c == '[' || c == '{') ++brackets;
    if ((c == ']' || c == '}') && brackets > 0) --brackets;
    if (brackets > 4 * most_depth)
      throw Error(fmt::format("{}:{}:1: nested deeper than {} levels", file, line, most_depth));
  }
  std::istringstream stream(text);
  Builder builder(file);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    Builder second(file);
    if (parser.HandleNextDocument(second) && second.root.kind != Node::Kind::null)
      throw Error(second.root.place + ": a second document; one file holds one sweep");
  } catch (const YAML::Exception& e) {
    throw Error(e.mark.is_null()
                    ? fmt::format("{}:1:1: {}", file, e.msg)
                    : fmt::format("{}:{}:{}: {}", file, e.mark.line + 1, e.mark.column + 1, e.msg));
  }
  return builder.root;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  const auto at =
      std::ranges::find_if(members, [&](const auto& member) { return member.key.text == key; });
  return at == members.end() ? nullptr : &at->value;
}

Node read_document(const std::filesystem::path& path) {
  const auto file = path.string();
  std::error_code error;
  if (!std::filesystem::exists(path, error)) throw Error(file + ":1:1: no such file");
  if (!std::filesystem::is_regular_file(path, error)) throw Error(file + ":1:1: not a file");
  if (const auto bytes = std::filesystem::file_size(path, error); !error && bytes > most_bytes)
    throw Error(fmt::format("{}:1:1: {} bytes; a config has at most {}", file, bytes, most_bytes));
  std::ifstream stream(path, std::ios::binary);
  std::ostringstream text;
  if (!stream || !(text << stream.rdbuf() || stream.eof())) {
    if (!stream || std::filesystem::file_size(path, error) != 0)
      throw Error(file + ":1:1: cannot be read");
  }
  auto root = parse(text.str(), file);
  if (root.kind == Node::Kind::null)
    throw Error(file + ":1:1: empty; see configs/quickstart.yaml for a start");
  if (root.kind != Node::Kind::map)
    throw Error(root.place + ": expected keys such as 'dataset:' at the top");
  return root;
}

Node read_value(const std::string& yaml, const std::string& place) {
  auto node = parse(yaml, place);
  // The value's own line and column say nothing; the option is the place.
  const auto relabel = [&](auto& self, Node& n) -> void {
    n.place = place;
    for (auto& item : n.items) self(self, item);
    for (auto& [key, value] : n.members) key.place = place, self(self, value);
  };
  relabel(relabel, node);
  return node;
}

std::optional<double> to_number(const Node& node) {
  if (node.kind != Node::Kind::scalar || node.quoted || node.text.empty()) return std::nullopt;
  const char* begin = node.text.data() + (node.text[0] == '+');
  const char* end = node.text.data() + node.text.size();
  double value = 0;
  const auto [at, error] = std::from_chars(begin, end, value);
  if (error != std::errc() || at != end || !std::isfinite(value)) return std::nullopt;
  return value;
}

void merge(Node& base, const Node& over) {
  for (const auto& member : over.members) {
    const auto at = std::ranges::find_if(
        base.members, [&](const auto& m) { return m.key.text == member.key.text; });
    if (at == base.members.end())
      base.members.push_back(member);
    else if (at->value.kind == Node::Kind::map && member.value.kind == Node::Kind::map)
      merge(at->value, member.value);
    else
      *at = member;
  }
}

std::string shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::list:
      return "a list";
    case Node::Kind::map:
      return "a mapping";
    case Node::Kind::null:
      return "nothing";
    default:
      return "'" + printable(node.text, 60) + "'";
  }
}

}  // namespace archsweep::runner
