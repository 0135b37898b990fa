#include "results/plot/labels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <numeric>

namespace archsweep::results {
namespace {

constexpr double gap = 2;   // pixels between a mark and its name
constexpr double near = 8;  // up to which they belong together without a line

struct Segment {
  double x0, y0, x1, y1;
};

Box beside(const LabelRequest& r, double angle, double distance) {
  const double reach = r.radius + gap + distance;
  const double dx = std::cos(angle), dy = std::sin(angle);
  // The text's nearest edge, not its centre, is at `reach`.
  const double cx = r.x + dx * (reach + r.width / 2), cy = r.y + dy * (reach + r.height / 2);
  return {cx - r.width / 2, cy - r.height / 2, cx + r.width / 2, cy + r.height / 2};
}

// Liang and Barsky: the part of the segment that is between each pair of edges.
bool crosses(const Segment& s, const Box& box) {
  double from = 0, to = 1;
  const auto clip = [&](double start, double delta, double low, double high) {
    if (delta == 0) return start > low && start < high;
    const double a = (low - start) / delta, b = (high - start) / delta;
    from = std::max(from, std::min(a, b)), to = std::min(to, std::max(a, b));
    return from < to;
  };
  return clip(s.x0, s.x1 - s.x0, box.left, box.right) &&
         clip(s.y0, s.y1 - s.y0, box.top, box.bottom);
}

bool cross(const Segment& a, const Segment& b) {
  const auto side = [](const Segment& s, double x, double y) {
    return (s.x1 - s.x0) * (y - s.y0) - (s.y1 - s.y0) * (x - s.x0) > 0;
  };
  return side(a, b.x0, b.y0) != side(a, b.x1, b.y1) && side(b, a.x0, a.y0) != side(b, a.x1, a.y1);
}

// What has been placed, and whether another label fits beside it.
struct Placed {
  std::vector<Box> obstacles, soft, labels;
  std::vector<Segment> lines;

  bool fits(const Box& box, bool minds_soft) const {
    const auto overlaps = [&](const Box& other) { return box.overlaps(other); };
    return std::ranges::none_of(labels, overlaps) &&
           std::ranges::none_of(lines, [&](const Segment& s) { return crosses(s, box); }) &&
           std::ranges::none_of(obstacles, overlaps) &&
           (!minds_soft || std::ranges::none_of(soft, overlaps));
  }
  bool is_beside_a_mark(const Box& box) const {
    const Box around{box.left - near, box.top - gap, box.right + near, box.bottom + gap};
    return std::ranges::any_of(obstacles, [&](const Box& o) { return around.overlaps(o); });
  }
  // The line from a mark to its name keeps off all but what touches that mark.
  bool fits(const Segment& line, double radius, bool minds_soft) const {
    const Box own{line.x0 - radius, line.y0 - radius, line.x0 + radius, line.y0 + radius};
    const auto over = [&](const Box& box) { return crosses(line, box); };
    const auto elsewhere = [&](const Box& box) { return !box.overlaps(own) && over(box); };
    return std::ranges::none_of(labels, over) &&
           std::ranges::none_of(lines, [&](const Segment& s) { return cross(line, s); }) &&
           std::ranges::none_of(obstacles, elsewhere) &&
           (!minds_soft || std::ranges::none_of(soft, elsewhere));
  }
};

std::optional<LabelPlace> find_place(const LabelRequest& request, const Placed& placed,
                                     const Box& area, bool minds_soft) {
  // Right, left, above, below, then the corners: what readers expect first.
  constexpr double pi = std::numbers::pi;
  constexpr std::array angles{
      0.0,         pi,          -pi / 2,       pi / 2,       -pi / 4,       pi / 4,
      -3 * pi / 4, 3 * pi / 4,  -pi / 8,       pi / 8,       -7 * pi / 8,   7 * pi / 8,
      -3 * pi / 8, -5 * pi / 8, 3 * pi / 8,    5 * pi / 8,   -15 * pi / 16, 15 * pi / 16,
      -pi / 16,    pi / 16,     -13 * pi / 16, 13 * pi / 16, -3 * pi / 16,  3 * pi / 16};
  for (const double distance :
       {0.0, 8.0, 16.0, 26.0, 38.0, 52.0, 68.0, 86.0, 106.0, 128.0, 152.0, 178.0}) {
    if (distance > near && !request.must) break;
    for (const double angle : angles) {
      const auto box = beside(request, angle, distance);
      if (box.left < area.left || box.right > area.right || box.top < area.top ||
          box.bottom > area.bottom || !placed.fits(box, minds_soft))
        continue;
      // At the end of a line, but beside another's mark, it would be read as that one's.
      if (distance > near && minds_soft && placed.is_beside_a_mark(box)) continue;
      const LabelPlace place{box, distance > near, std::clamp(request.x, box.left, box.right),
                             std::clamp(request.y, box.top, box.bottom)};
      if (place.line && !placed.fits(Segment{request.x, request.y, place.line_x, place.line_y},
                                     request.radius + 3 * gap, minds_soft))
        continue;
      return place;
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<std::optional<LabelPlace>> place_labels(const std::vector<LabelRequest>& requests,
                                                    const std::vector<Box>& obstacles,
                                                    const std::vector<Box>& soft, const Box& area) {
  std::vector<std::size_t> order(requests.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<std::optional<LabelPlace>> best;
  std::size_t fewest = requests.size() + 1;
  // One that must be there and found no place chooses first the next time.
  constexpr int tries = 6;
  for (int i = 0; i < tries && fewest > 0; ++i) {
    Placed placed{obstacles, soft, {}, {}};
    std::vector<std::optional<LabelPlace>> places(requests.size());
    for (const auto at : order) {
      const auto& request = requests[at];
      auto& place = places[at];
      place = find_place(request, placed, area, true);
      if (!place && request.must) place = find_place(request, placed, area, false);
      if (place) placed.labels.push_back(place->box);
      if (place && place->line)
        placed.lines.push_back({request.x, request.y, place->line_x, place->line_y});
    }
    const auto is_missing = [&](std::size_t at) { return requests[at].must && !places[at]; };
    const auto missing = static_cast<std::size_t>(std::ranges::count_if(order, is_missing));
    std::ranges::stable_partition(order, is_missing);
    if (missing < fewest) fewest = missing, best = std::move(places);
  }
  return best;
}

std::vector<double> spread(std::span<const double> wanted, double height, double top,
                           double bottom) {
  std::vector<std::size_t> order(wanted.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return wanted[i]; });
  std::vector<double> heights(wanted.begin(), wanted.end());
  double least = top;
  for (const auto i : order) heights[i] = std::max(heights[i], least), least = heights[i] + height;
  // What was pushed out below moves up again, and pushes what is above it.
  double most = bottom;
  for (auto i = order.rbegin(); i != order.rend(); ++i)
    heights[*i] = std::min(heights[*i], most), most = heights[*i] - height;
  return heights;
}

}  // namespace archsweep::results
