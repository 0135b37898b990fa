#include "runner/serve/select.h"

#include "runner/support/error.h"

namespace archsweep::serve {
namespace {

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string parameter(const Request& request, const char* name) {
  const auto at = request.query.find(name);
  if (at == request.query.end()) return "";
  if (at->second.find('\0') != std::string::npos)
    throw Error(std::string(name) + ": holds a zero byte");
  return at->second;
}

void check_condition(std::string_view where) {
  int open = 0;
  for (std::size_t i = 0; i < where.size(); ++i) {
    const char c = where[i];
    if (c == '\'' || c == '"' || c == '`' || c == '[') {
      i = where.find(c == '[' ? ']' : c, i + 1);  // a doubled quote is two texts side by side
      if (i == where.npos) throw Error("where: a quote is not closed");
    }
    open += (c == '(') - (c == ')');
    if (open < 0) throw Error("where: closes a parenthesis that it does not open");
    const auto two = where.substr(i, 2);
    if (two == "--" || two == "/*" || c == ';')
      throw Error("where: is one SQL condition, such as latency_ms < 1, without comments or ;");
  }
  if (open > 0) throw Error("where: a parenthesis is not closed");
}

std::string condition_of(const Request& request) {
  std::string condition;
  const auto add = [&](const std::string& term) {
    condition += (condition.empty() ? "" : " AND ") + term;
  };
  if (const auto text = parameter(request, "text"); !text.empty())
    add("instr(lower(architecture || '.' || tag || ' ' || family || ' ' || dataset), lower(" +
        quoted(text) + ")) > 0");
  if (const auto family = parameter(request, "family"); !family.empty())
    add("family = " + quoted(family));
  if (const auto where = parameter(request, "where"); !where.empty()) {
    check_condition(where);
    add("(" + where + ")");
  }
  return condition.empty() ? "1" : condition;
}

}  // namespace archsweep::serve
