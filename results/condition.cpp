#include "results/condition.h"

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

// What would let a text end the parentheses around it and go on with SQL of its own, or "".
std::string_view escapes(const std::string& text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
      i = text.find(c == '[' ? ']' : c, i + 1);  // a doubled quote is two texts in a row
      if (i == text.npos) return "a quote that is not closed";
    } else if (text.compare(i, 2, "--") == 0 || text.compare(i, 2, "/*") == 0) {
      return "a comment";
    } else if (c == ';') {
      return "a ';'";
    } else if (c == '(') {
      ++depth;
    } else if (c == ')' && --depth < 0) {
      return "a ')' without its '('";
    }
  }
  return depth > 0 ? "a '(' without its ')'" : "";
}

}  // namespace

std::vector<std::string> leaderboard_columns(const Reader& reader) {
  return reader.open("SELECT * FROM leaderboard").columns();
}

void check_expression(const Reader& reader, const std::string& option, const std::string& text) {
  const auto shown = printable(text, 80);
  if (text.find_first_not_of(" \t\n") == text.npos)
    throw Error(fmt::format("{} is empty; try \"top1 > 0.8\"", option));
  if (const auto fault = escapes(text); !fault.empty())
    throw Error(fmt::format("{} \"{}\": {}; expected one SQL expression, such as \"top1 > 0.8\"",
                            option, shown, fault));
  try {
    reader.open("SELECT 1 FROM finished WHERE " + text);  // whose faults name what the user wrote
    reader.open("SELECT 1 FROM finished WHERE (" + text + ")");
  } catch (const Error& e) {
    const std::string said = e.what(), unknown = "no such column: ";
    const auto at = said.find(unknown);
    if (at == said.npos) throw Error(fmt::format("{} \"{}\": {}", option, shown, said), e.code());
    const auto column =
        said.substr(at + unknown.size(), said.find(' ', at + unknown.size()) - at - unknown.size());
    throw Error(fmt::format("{}{} (in {}; `archsweep leaderboard --help` names the columns)",
                            said.substr(0, at + unknown.size()) + column,
                            did_you_mean(column, leaderboard_columns(reader)), option));
  }
}

}  // namespace archsweep::results
