#include "results/plot/labels.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

namespace archsweep::results {
namespace {

constexpr double gap = 2;  // pixels between a mark and its name

Box beside(const LabelRequest& r, double angle, double distance) {
  const double reach = r.radius + gap + distance;
  const double dx = std::cos(angle), dy = std::sin(angle);
  // The text's nearest edge, not its centre, is at `reach`.
  const double cx = r.x + dx * (reach + r.width / 2), cy = r.y + dy * (reach + r.height / 2);
  return {cx - r.width / 2, cy - r.height / 2, cx + r.width / 2, cy + r.height / 2};
}

}  // namespace

std::vector<std::optional<LabelPlace>> place_labels(const std::vector<LabelRequest>& requests,
                                                    const std::vector<Box>& obstacles,
                                                    const Box& area) {
  // Right, left, above, below, then the corners: what readers expect first.
  constexpr double pi = std::numbers::pi;
  constexpr std::array angles{
      0.0,     pi,     -pi / 2,     pi / 2,     -pi / 4,     pi / 4,      -3 * pi / 4, 3 * pi / 4,
      -pi / 8, pi / 8, -7 * pi / 8, 7 * pi / 8, -3 * pi / 8, -5 * pi / 8, 3 * pi / 8,  5 * pi / 8};
  std::vector<Box> taken = obstacles;
  std::vector<std::optional<LabelPlace>> places;
  for (const auto& request : requests) {
    std::optional<LabelPlace> place;
    for (const double distance : {0.0, 10.0, 22.0, 36.0, 52.0, 70.0}) {
      if (place || (distance > 0 && !request.must)) break;
      for (const double angle : angles) {
        const auto box = beside(request, angle, distance);
        if (box.left < area.left || box.right > area.right || box.top < area.top ||
            box.bottom > area.bottom)
          continue;
        if (std::ranges::any_of(taken, [&](const Box& other) { return box.overlaps(other); }))
          continue;
        place = {box, distance > 0};
        break;
      }
    }
    if (place) taken.push_back(place->box);
    places.push_back(place);
  }
  return places;
}

}  // namespace archsweep::results
