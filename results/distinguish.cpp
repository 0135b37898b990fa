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

// Normal numbers as quantiles of equal weight: quick, the same everywhere, and bounded, so that a
// point can be known to be out of reach of another.
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

struct Point {
  double cost, quality, cost_spread, quality_spread;
  std::size_t index;  // of the cloud
};

bool beats(const Candidate& a, const Candidate& b) {
  return a.cost <= b.cost && a.quality >= b.quality && (a.cost < b.cost || a.quality > b.quality);
}

// Without those that some point beats in whatever draw: whose best corner is worse in both than
// another's worst corner. Cheapest first.
std::vector<Point> within_reach(std::vector<Point> points, double reach) {
  const auto worst = [&](const Point& p) { return p.cost + reach * p.cost_spread; };
  std::vector<Candidate> corners;
  for (const auto& p : points) corners.push_back({worst(p), p.quality - reach * p.quality_spread});
  std::vector<Candidate> stairs;  // the frontier of the worst corners: both rise
  for (const auto i : frontier(corners)) stairs.push_back(corners[i]);
  std::erase_if(points, [&](const Point& p) {
    const auto faster =
        std::ranges::lower_bound(stairs, p.cost - reach * p.cost_spread, {}, &Candidate::cost);
    return faster != stairs.begin() &&
           std::prev(faster)->quality > p.quality + reach * p.quality_spread;
  });
  std::ranges::sort(points, {}, [](const Point& p) { return std::pair(p.cost, p.index); });
  return points;
}

}  // namespace

double bound(const Uncertain& u, int sign) {
  const double shift = sign * 1.959964 * u.spread;
  return u.relative ? u.value * std::exp(shift) : u.value + shift;
}

std::vector<Verdict> distinguish(std::span<const Cloud> clouds, int draws) {
  std::vector<Verdict> verdicts(clouds.size());
  std::vector<Candidate> values;
  std::vector<Point> points;
  for (std::size_t i = 0; i < clouds.size(); ++i) {
    const auto& [cost, quality] = clouds[i];
    values.push_back({cost.value, quality.value});
    if (!std::isnan(cost.value) && !std::isnan(quality.value))
      points.push_back({scale(cost), scale(quality), cost.spread, quality.spread, i});
  }
  int group = 0;
  for (const auto i : frontier(values)) {
    verdicts[i].on_frontier = true;
    verdicts[i].group = ++group;
  }

  static const auto normal = normal_quantiles();
  points = within_reach(std::move(points), normal.back());
  std::vector<std::size_t> rulers;  // places in `points` of the frontier, cheapest first
  for (std::size_t i = 0; i < points.size(); ++i)
    if (verdicts[points[i].index].on_frontier) rulers.push_back(i);
  std::mt19937_64 random(1);
  std::vector<Candidate> draw(points.size());
  std::vector<int> stood(points.size()), beaten(rulers.size() * points.size());
  for (int d = 0; d < draws; ++d) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      const auto& p = points[i];
      const auto bits = random();
      draw[i] = {p.cost + p.cost_spread * normal[bits % quantiles],
                 p.quality + p.quality_spread * normal[(bits >> 32) % quantiles]};
    }
    for (const auto i : frontier(draw)) ++stood[i];
    for (std::size_t r = 0; r < rulers.size(); ++r)
      for (std::size_t i = 0; i < points.size(); ++i)
        beaten[r * points.size() + i] += beats(draw[rulers[r]], draw[i]);
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    auto& verdict = verdicts[points[i].index];
    verdict.probability = static_cast<double>(stood[i]) / draws;
    if (verdict.on_frontier) continue;
    int most = 0;
    for (std::size_t r = 0; r < rulers.size(); ++r) {
      const int times = beaten[r * points.size() + i];
      if (times <= most) continue;
      most = times;
      verdict.group = verdicts[points[rulers[r]].index].group;
    }
    if (most >= 0.95 * draws) verdict.group = 0;
  }
  return verdicts;
}

}  // namespace archsweep::results
