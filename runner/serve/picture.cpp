#include "runner/serve/picture.h"

#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "results/frontier.h"
#include "results/selection.h"
#include "runner/serve/select.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_points = 1500;

const results::Metric& metric(const std::string& word, const char* axis) {
  std::vector<std::string> known;
  for (const auto& m : results::metrics) {
    if (m.key == word || (!word.empty() && m.alias == word)) return m;
    known.emplace_back(m.key);
  }
  throw Error(
      fmt::format("{}: no metric '{}'{}", axis, printable(word, 60), did_you_mean(word, known)));
}

double real(const results::Value& value) {
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  const auto* number = std::get_if<double>(&value);
  return number ? *number : NAN;
}

results::Answer ask(const results::Reader& reader, const results::Selection& s) {
  results::Answer answer;
  answer.x = metric(s.x.empty() ? "latency" : s.x, "x");
  answer.y = metric(s.y.empty() ? "top1" : s.y, "y");
  const auto condition =
      fmt::format("{} IS NOT NULL AND {} IS NOT NULL AND {}", answer.x.key, answer.y.key, s.where);
  const auto keys =
      reader.ask("SELECT speed_key, accuracy_key, count(*) AS n FROM leaderboard WHERE " +
                 condition + " GROUP BY 1, 2 ORDER BY n DESC, 1, 2");
  if (keys.rows.empty()) return answer;
  const auto& speed = std::get<std::string>(keys.rows[0][0]);
  const auto& accuracy = std::get<std::string>(keys.rows[0][1]);
  for (std::size_t i = 1; i < keys.rows.size(); ++i)
    answer.left_out += static_cast<std::size_t>(std::get<std::int64_t>(keys.rows[i][2]));
  answer.other_keys = keys.rows.size() - 1;
  for (const auto& row :
       reader
           .ask(fmt::format(
               "SELECT trial, architecture, tag, family, {} , {} FROM leaderboard WHERE "
               "{} AND (speed_key, accuracy_key) = ('{}', '{}')",
               answer.x.key, answer.y.key, condition, speed, accuracy))
           .rows)
    answer.standings.push_back({.trials = {std::get<std::int64_t>(row[0])},
                                .architecture = std::get<std::string>(row[1]),
                                .tag = std::get<std::string>(row[2]),
                                .family = std::get<std::string>(row[3]),
                                .x = real(row[4]),
                                .y = real(row[5])});
  std::vector<results::Candidate> candidates;
  for (const auto& p : answer.standings)
    candidates.push_back({answer.x.better == results::Better::higher ? -p.x : p.x,
                          answer.y.better == results::Better::lower ? -p.y : p.y});
  for (const auto i : results::frontier(candidates)) answer.standings[i].on_frontier = true;
  return answer;
}

// One point a cell of a fine grid, the frontier's always; the grid coarser until they are few.
std::vector<const results::Standing*> thinned(const results::Answer& answer) {
  std::vector<const results::Standing*> kept;
  double low_x = INFINITY, high_x = -INFINITY, low_y = INFINITY, high_y = -INFINITY;
  const auto log_x = [](double x) { return x > 0 ? std::log(x) : 0; };  // as it is drawn
  for (const auto& p : answer.standings) {
    low_x = std::min(low_x, log_x(p.x)), high_x = std::max(high_x, log_x(p.x));
    low_y = std::min(low_y, p.y), high_y = std::max(high_y, p.y);
  }
  for (double cells = 400;; cells /= 2) {
    kept.clear();
    std::set<std::pair<int, int>> taken;
    for (const auto& p : answer.standings) {
      const auto cell = [&](double v, double low, double high) {
        return high > low ? static_cast<int>((v - low) / (high - low) * cells) : 0;
      };
      if (answer.standings.size() <= most_points || p.on_frontier ||
          taken.insert({cell(log_x(p.x), low_x, high_x), cell(p.y, low_y, high_y)}).second)
        kept.push_back(&p);
    }
    if (kept.size() <= most_points || cells < 10) return kept;
  }
}

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json();
}

}  // namespace

Json picture(const results::Reader& reader, const Request& request) {
  const auto answer = ask(
      reader,
      {.x = parameter(request, "x"), .y = parameter(request, "y"), .where = condition_of(request)});
  Json points = Json::array();
  for (const auto* p : thinned(answer))
    points.push_back({{"trial", p->trials.at(0)},
                      {"seeds", p->trials.size()},
                      {"name", p->tag.empty() ? p->architecture : p->architecture + "." + p->tag},
                      {"family", p->family},
                      {"x", number(p->x)},
                      {"x_low", number(p->x_low)},
                      {"x_high", number(p->x_high)},
                      {"y", number(p->y)},
                      {"y_low", number(p->y_low)},
                      {"y_high", number(p->y_high)},
                      {"on_frontier", p->on_frontier},
                      {"probability", number(p->probability)},
                      {"group", p->group}});
  return {{"x", answer.x.key},
          {"y", answer.y.key},
          {"keys", answer.keys},
          {"left_out", answer.left_out},
          {"other_keys", answer.other_keys},
          {"all", answer.standings.size()},
          {"points", std::move(points)}};
}

}  // namespace archsweep::serve
