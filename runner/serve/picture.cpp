#include "runner/serve/picture.h"

#include <cmath>
#include <set>

#include "results/selection.h"
#include "runner/serve/select.h"

namespace archsweep::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t most_points = 1500;

// One point a cell of a fine grid, those of groups always; the grid coarser until they are few.
std::vector<const results::Standing*> thinned(const results::Answer& answer) {
  std::vector<const results::Standing*> kept;
  double low_x = INFINITY, high_x = -INFINITY, low_y = INFINITY, high_y = -INFINITY;
  const auto log_x = [](double x) { return x > 0 ? std::log(x) : 0; };  // as it is drawn
  for (const auto& p : answer.standings) {
    low_x = std::min(low_x, log_x(p.x)), high_x = std::max(high_x, log_x(p.x));
    low_y = std::min(low_y, p.y), high_y = std::max(high_y, p.y);
  }
  for (double cells = 64;; cells /= 2) {
    kept.clear();
    std::set<std::pair<int, int>> taken;
    for (const auto& p : answer.standings) {
      const auto cell = [&](double v, double low, double high) {
        return high > low ? static_cast<int>((v - low) / (high - low) * cells) : 0;
      };
      if (answer.standings.size() <= most_points || p.group > 0 ||
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

Json picture(const results::Reader& reader, const http::Request& request) {
  const auto answer = results::ask_frontier(reader, {.x = parameter(request, "x"),
                                                     .y = parameter(request, "y"),
                                                     .where = condition_of(reader, request)});
  Json points = Json::array();
  for (const auto* p : thinned(answer))
    points.push_back({{"trials", p->trials},
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
