#include "runner/serve/select.h"

#include "results/condition.h"
#include "runner/support/error.h"

namespace archsweep::serve {

std::string parameter(const http::Request& request, const char* name) {
  const auto at = request.query.find(name);
  if (at == request.query.end()) return "";
  if (at->second.find('\0') != std::string::npos)
    throw Error(std::string(name) + ": holds a zero byte");
  return at->second;
}

std::string condition_of(const results::Reader& reader, const http::Request& request) {
  std::string condition;
  const auto add = [&](const std::string& term) {
    condition += (condition.empty() ? "" : " AND ") + term;
  };
  if (const auto text = parameter(request, "text"); !text.empty())
    add("instr(lower(architecture || '.' || tag || ' ' || family || ' ' || dataset), lower(" +
        results::sql_text(text) + ")) > 0");
  if (const auto family = parameter(request, "family"); !family.empty())
    add("family = " + results::sql_text(family));
  if (const auto where = parameter(request, "where"); !where.empty()) {
    results::check_expression(reader, "where", where);
    add("(" + where + ")");
  }
  return condition.empty() ? "1" : condition;
}

}  // namespace archsweep::serve
