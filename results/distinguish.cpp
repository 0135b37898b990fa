#include "results/distinguish.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>

#include "results/frontier.h"

namespace archsweep::results {
namespace {

// The scale on which a value scatters evenly; keeps order. Costs of which more is better come
// negative.
double scale(const Uncertain& u) {
  if (!u.relative) return u.value;
  return u.value < 0 ? -std::log(-u.value) : std::log(u.value);
}

// Normal numbers as quantiles of equal weight: quick, and the same everywhere.
constexpr std::size_t quantiles = 4096;

std::array<double, quantiles> normal_quantiles() {
  std::array<double, quantiles> table{};
  double z = -4;
  for (std::size_t i = 0; i < quantiles / 2; ++i) {
    const double target = (static_cast<double>(i) + 0.5) / quantiles;
    for (int step = 0; step < 8; ++step) {  // Newton, from the quantile before
      const double below = 0.5 * std::erfc(-z / std::sqrt(2.0));
      const double density = std::exp(-0.5 * z * z) / std::sqrt(2 * 3.14159265358979323846);
      z += std::clamp((target - below) / density, -0.5, 0.5);
    }
    table[i] = z;
    table[quantiles - 1 - i] = -z;
  }
  return table;
}

// A cloud on the scales of its axes.
struct Point {
  double cost, quality, cost_spread, quality_spread;
  std::size_t index;  // of the cloud
};

// Probability that a value is at least another, whose difference and spread are these.
double not_below(double difference, double spread) {
  if (spread == 0) return difference >= 0 ? 1 : 0;
  return 0.5 * std::erfc(-difference / spread / std::sqrt(2.0));
}

// Of `a` in a repetition of both; the axes scatter independently.
double probability_to_beat(const Point& a, const Point& b) {
  if (a.cost == b.cost && a.quality == b.quality && a.cost_spread + b.cost_spread == 0 &&
      a.quality_spread + b.quality_spread == 0)
    return 0;  // side by side
  return not_below(b.cost - a.cost, std::hypot(a.cost_spread, b.cost_spread)) *
         not_below(a.quality - b.quality, std::hypot(a.quality_spread, b.quality_spread));
}

// All but those whose best corner is worse in both than another's worst corner: few are left to
// look at one by one. Cheapest first.
std::vector<Point> within_reach(std::span<const Cloud> clouds) {
  constexpr double reach = 3.5;  // standard deviations
  const auto point = [&](std::size_t i) {
    const auto& [cost, quality] = clouds[i];
    const auto known = [](double spread) { return std::isnan(spread) ? 0 : spread; };
    return Point{scale(cost), scale(quality), known(cost.spread), known(quality.spread), i};
  };
  std::vector<Candidate> corners;
  corners.reserve(clouds.size());
  for (std::size_t i = 0; i < clouds.size(); ++i) {
    const auto p = point(i);
    corners.push_back({p.cost + reach * p.cost_spread, p.quality - reach * p.quality_spread});
  }
  std::vector<Candidate> stairs;  // the frontier of the worst corners: both rise
  for (const auto i : frontier(corners)) stairs.push_back(corners[i]);
  std::vector<Point> points;
  for (std::size_t i = 0; i < clouds.size(); ++i) {
    const auto p = point(i);
    if (std::isnan(p.cost) || std::isnan(p.quality)) continue;
    const auto faster =
        std::ranges::lower_bound(stairs, p.cost - reach * p.cost_spread, {}, &Candidate::cost);
    if (faster == stairs.begin() ||
        std::prev(faster)->quality <= p.quality + reach * p.quality_spread)
      points.push_back(p);
  }
  std::ranges::sort(points, {}, [](const Point& p) { return std::pair(p.cost, p.index); });
  return points;
}

struct Drawn {
  double cost, quality;
  std::size_t place;
};

// Cheapest first. Nearly in order already, where spreads are small: then each moves but a little.
void sort_again(std::span<Drawn> drawn) {
  const auto before = [](const Drawn& a, const Drawn& b) {
    return a.cost != b.cost ? a.cost < b.cost : a.quality > b.quality;
  };
  std::size_t moves = 8 * drawn.size();  // as many as sorting anew would take
  for (std::size_t i = 1; i < drawn.size(); ++i) {
    const auto next = drawn[i];
    auto at = i;
    for (; at > 0 && before(next, drawn[at - 1]) && moves > 0; --at, --moves)
      drawn[at] = drawn[at - 1];
    drawn[at] = next;
  }
  if (moves == 0) std::ranges::sort(drawn, before);
}

// How often each point is on the frontier, of `draws` repetitions.
std::vector<int> count_stands(const std::vector<Point>& points, int draws) {
  static const auto normal = normal_quantiles();
  // Knuth's MMIX: quick, and good enough in its upper bits, which alone are used.
  std::linear_congruential_engine<std::uint64_t, 6364136223846793005, 1442695040888963407, 0>
      random(1);
  std::vector<Drawn> all(
      points.size());  // but for those that the best of the cheaper beats: few to sort
  std::vector<int> stood(points.size());
  for (int d = 0; d < draws; ++d) {
    std::size_t kept = 0;
    double best_cost = INFINITY, best_quality = -INFINITY;
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto& p = points[i];
      const auto bits = random() >> 40;
      const Drawn next{p.cost + p.cost_spread * normal[bits % quantiles],
                       p.quality + p.quality_spread * normal[bits / quantiles], i};
      // Without branches, which would be guessed wrong half of the time.
      all[kept] = next;
      kept += 1 - ((best_cost <= next.cost) & (best_quality > next.quality));
      const bool better = next.quality > best_quality;
      best_cost = better ? next.cost : best_cost;
      best_quality = better ? next.quality : best_quality;
    }
    const auto drawn = std::span(all).first(kept);
    sort_again(drawn);
    const Drawn* last = nullptr;
    for (const auto& p : drawn) {
      const bool equal = last && p.cost == last->cost && p.quality == last->quality;
      if (last && p.quality <= last->quality && !equal) continue;
      last = &p;
      ++stood[p.place];
    }
  }
  return stood;
}

}  // namespace

double bound(const Uncertain& u, int sign) {
  const double shift = sign * 1.959964 * u.spread;
  return u.relative ? u.value * std::exp(shift) : u.value + shift;
}

std::vector<Verdict> distinguish(std::span<const Cloud> clouds, int draws) {
  std::vector<Verdict> verdicts(clouds.size());
  auto points = within_reach(clouds);
  std::vector<Candidate> values;
  for (const auto& p : points)
    values.push_back({clouds[p.index].cost.value, clouds[p.index].quality.value});
  int group = 0;
  for (const auto i : frontier(values)) {
    verdicts[points[i].index].on_frontier = true;
    verdicts[points[i].index].group = ++group;
  }

  std::vector<Point> rulers;
  for (const auto& p : points)
    if (verdicts[p.index].on_frontier) rulers.push_back(p);
  std::erase_if(points, [&](const Point& p) {
    auto& verdict = verdicts[p.index];
    if (verdict.on_frontier) return false;
    double most = 0;
    for (const auto& ruler : rulers) {
      if (ruler.cost > p.cost) break;  // beats it rarely, and one before beats it more often
      if (ruler.quality < p.quality) continue;
      const double probability = probability_to_beat(ruler, p);
      if (probability <= most) continue;
      most = probability;
      verdict.group = verdicts[ruler.index].group;
    }
    if (most >= 0.95) verdict.group = 0;
    return most > 0.99;
  });
  const auto stood = count_stands(points, draws);
  for (std::size_t i = 0; i < points.size(); ++i)
    verdicts[points[i].index].probability = static_cast<double>(stood[i]) / draws;
  return verdicts;
}

}  // namespace archsweep::results
