#include "results/hypervolume.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include <fmt/format.h>

namespace archsweep::results {
namespace {

// The corners of the area that is beaten so far: costs rise, and so do qualities.
class Area {
 public:
  Area(double worst_cost, double worst_quality)
      : worst_cost_(worst_cost), worst_quality_(worst_quality) {}

  double size() const { return size_; }

  void add(double cost, double quality) {
    auto after = corners_.upper_bound(cost);
    double before = after == corners_.begin() ? worst_quality_ : std::prev(after)->second;
    if (quality <= before) return;
    // From here to the right, each step of the old outline that is lower is lifted to `quality`.
    double from = cost;
    auto beaten = corners_.lower_bound(cost);
    for (; after != corners_.end() && after->second <= quality; ++after) {
      size_ += (after->first - from) * (quality - before);
      from = after->first;
      before = after->second;
    }
    size_ += ((after == corners_.end() ? worst_cost_ : after->first) - from) * (quality - before);
    corners_.erase(beaten, after);
    corners_.emplace(cost, quality);
  }

 private:
  double worst_cost_, worst_quality_, size_ = 0;
  std::map<double, double> corners_;
};

struct Finished {
  std::string at, architecture;
  std::int64_t trial;
  double day, cost, quality;
};

}  // namespace

std::vector<HypervolumePoint> hypervolume_over_time(const Reader& reader, const Comparable& rows) {
  const double x_sign = rows.x.better == Better::higher ? -1 : 1;
  const double y_sign = rows.y.better == Better::lower ? -1 : 1;
  std::vector<Finished> all;
  bool positive = true;
  for (auto cursor = reader.open(fmt::format(
           "SELECT finished_at, architecture, trial, julianday(finished_at), {}, {} {} AND "
           "julianday(finished_at) IS NOT NULL ORDER BY finished_at, trial",
           rows.x.key, rows.y.key, rows.from));
       cursor.next();) {
    all.push_back({std::string(cursor.text(0)), std::string(cursor.text(1)), cursor.whole(2),
                   cursor.number(3), cursor.number(4), y_sign * cursor.number(5)});
    positive &= all.back().cost > 0;
  }
  double worst_cost = -INFINITY, worst_quality = INFINITY;
  for (auto& f : all) {
    f.cost = x_sign * (positive ? std::log(f.cost) : f.cost);
    worst_cost = std::max(worst_cost, f.cost);
    worst_quality = std::min(worst_quality, f.quality);
  }
  Area area(worst_cost, worst_quality);
  std::vector<HypervolumePoint> points;
  for (const auto& f : all) {
    const double before = area.size();
    area.add(f.cost, f.quality);
    if (area.size() > before || &f == &all.back())
      points.push_back({f.at, 24 * (f.day - all[0].day), f.trial, f.architecture, area.size()});
  }
  const double final_size = area.size();
  for (auto& point : points) point.share = final_size > 0 ? point.share / final_size : 1;
  return points;
}

}  // namespace archsweep::results
