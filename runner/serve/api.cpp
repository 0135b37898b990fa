#include "runner/serve/api.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <span>
#include <string_view>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "results/comparable.h"
#include "results/metric.h"
#include "runner/serve/picture.h"
#include "runner/serve/rows.h"
#include "runner/serve/select.h"
#include "runner/serve/summary.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::serve {
namespace {

using Json = nlohmann::ordered_json;
using results::Reader;

http::Response json(const Json& value, int status = 200) {
  return {.status = status,
          .type = "application/json",
          .body = value.dump(-1, ' ', false, Json::error_handler_t::replace)};
}

Json metrics() {
  Json list = Json::array();
  for (const auto& m : results::metrics)
    list.push_back({{"key", m.key},
                    {"unit", m.unit},
                    {"better", m.better == results::Better::higher  ? "higher"
                               : m.better == results::Better::lower ? "lower"
                                                                    : ""},
                    {"help", m.help}});
  return list;
}

constexpr std::string_view about[] = {"trial",      "architecture",  "tag",          "family",
                                      "dataset",    "learning_rate", "seed",         "epochs",
                                      "image_size", "device_name",   "dtype",        "layout",
                                      "source",     "speed_key",     "accuracy_key", "finished_at"};

// A whole number of the query between 0 and `most`.
std::size_t number(const http::Request& request, const char* name, std::size_t otherwise,
                   std::size_t most) {
  const auto at = request.query.find(name);
  if (at == request.query.end()) return otherwise;
  const auto& text = at->second;
  std::size_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size() || value > most)
    throw Error(fmt::format("{}: give a whole number up to {}", name, most));
  return value;
}

std::string order(const http::Request& request, const std::string& usual) {
  const auto asked = parameter(request, "sort");
  const auto direction = parameter(request, "order");
  const auto key = asked.empty() ? usual : asked;
  std::vector<std::string> known(std::begin(about), std::end(about));
  bool down = false;
  for (const auto& m : results::metrics) {
    known.emplace_back(m.key);
    if (m.key == key) down = m.better == results::Better::higher;
  }
  if (std::ranges::find(known, key) == known.end())
    throw Error(
        fmt::format("sort: no column '{}'{}", printable(key, 60), did_you_mean(key, known)));
  if (!direction.empty()) down = direction == "desc";
  // What was not measured comes last, as SQLite has it anyway when it counts down.
  return key + (down ? " DESC" : " ASC NULLS LAST") + ", latency, trial";
}

Json trials(const Reader& reader, const http::Request& request) {
  std::string columns;
  for (const auto name : about) columns += fmt::format("{}, ", name);
  for (const auto& m : results::metrics) columns += fmt::format("{}, ", m.key);
  const auto condition = condition_of(reader, request);
  const std::string usual(results::usual_y(reader, "FROM finished WHERE 1").key);
  const auto rows = reader.ask(
      fmt::format("SELECT {} FROM finished WHERE {} ORDER BY {} LIMIT {} OFFSET {}",
                  columns.substr(0, columns.size() - 2), condition, order(request, usual),
                  number(request, "limit", 100, 500), number(request, "offset", 0, 1'000'000'000)));
  auto answer = to_json(rows);
  answer["usual"] = usual;  // the metric of quality that these trials have
  answer["total"] = one(reader, "SELECT count(*) FROM finished WHERE " + condition);
  return answer;
}

Json failures(const Reader& reader) {
  return to_json(
      reader.ask("SELECT t.trial, architecture, tag, learning_rate, seed, cause, message, ended_at "
                 "FROM trials t JOIN attempts a ON (a.trial, a.attempt) = (t.trial, t.attempt) "
                 "WHERE state = 'failed' ORDER BY ended_at DESC, t.trial LIMIT 200"));
}

// The attempt that is shown is the last.
Json trial(const Reader& reader, std::int64_t id) {
  const auto of = [&](const char* sql) { return reader.ask(fmt::format(fmt::runtime(sql), id)); };
  const auto about = of("SELECT * FROM trials WHERE trial = {}");
  if (about.rows.empty()) return nullptr;
  Json answer{{"trial", objects(about).at(0)}};
  const auto result = of("SELECT * FROM finished WHERE trial = {}");
  answer["result"] = result.rows.empty() ? Json() : objects(result).at(0);
  answer["attempts"] = objects(
      of("SELECT a.*, e.device_name, e.driver, e.torch, e.archsweep, e.threads, e.host, e.os FROM "
         "attempts a LEFT JOIN environments e USING (environment) WHERE trial = {} "
         "ORDER BY attempt DESC LIMIT 20"));
  answer["epochs"] = to_json(
      of("SELECT * FROM (SELECT * FROM epochs WHERE trial = {0} AND attempt = (SELECT max(attempt) "
         "FROM attempts WHERE trial = {0}) ORDER BY epoch DESC LIMIT 2000) ORDER BY epoch"));
  answer["measurements"] = objects(
      of("SELECT kind, batch_size, dtype, layout, image_size, protocol, p50, p90, p99, mad, low, "
         "high, samples_per_second, conditions FROM measurements WHERE trial = {0} AND attempt = "
         "(SELECT max(attempt) FROM attempts WHERE trial = {0}) ORDER BY kind, batch_size"));
  answer["keys"] = objects(
      of("SELECT key, description FROM comparability_keys WHERE key IN (SELECT speed_key FROM "
         "results WHERE trial = {0} UNION SELECT accuracy_key FROM results WHERE trial = {0})"));
  return answer;
}

Json find(const Reader& reader, const http::Request& request, bool running) {
  const auto& path = request.path;
  if (path == "/api/summary") return summary(reader, running);
  if (path == "/api/metrics") return metrics();
  if (path == "/api/families")
    return to_json(reader.ask("SELECT family, count(*) AS trials FROM results GROUP BY family"));
  if (path == "/api/trials") return trials(reader, request);
  if (path == "/api/failures") return failures(reader);
  if (path == "/api/frontier") return picture(reader, request);
  constexpr std::string_view one = "/api/trial/";
  std::int64_t id = 0;
  if (path.starts_with(one) &&
      std::from_chars(path.data() + one.size(), path.data() + path.size(), id).ptr ==
          path.data() + path.size())
    return trial(reader, id);
  return nullptr;
}

}  // namespace

http::Response answer(const Reader& reader, const http::Request& request, bool running) {
  try {
    const auto found = find(reader, request, running);
    if (found.is_null()) return json({{"error", "there is nothing of that name"}}, 404);
    return json(found);
  } catch (const Error& e) {
    return json({{"error", e.what()}}, e.code() == Exit::usage ? 400 : 503);
  }
}

}  // namespace archsweep::serve
