#include "runner/trial/augment/geometry.h"

#include <cmath>
#include <numbers>
#include <vector>

#include "runner/trial/augment/copy_ahead.h"

namespace archsweep::runner {
namespace {

using Matrix = std::array<std::array<double, 3>, 3>;

Matrix operator*(const Matrix& a, const Matrix& b) {
  Matrix product{};
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j < 3; ++j)
      for (int k = 0; k < 3; ++k) product[i][j] += a[i][k] * b[k][j];
  return product;
}

Matrix symmetry(int number) {
  constexpr int x[] = {1, -1, 1, -1, -1, 1, 1, -1}, y[] = {1, 1, -1, 1, -1, -1, 1, -1};
  constexpr bool turned[] = {false, false, false, true, false, true, true, true};
  const double dx = x[number], dy = y[number];
  if (turned[number]) return {{{0, dx, 0}, {dy, 0, 0}, {0, 0, 1}}};
  return {{{dx, 0, 0}, {0, dy, 0}, {0, 0, 1}}};
}

// All that keeps parallels, in coordinates from -1 to 1 of which one of y is `aspect` of x.
Matrix affine_part(const Placement& p, double aspect) {
  const double angle = p.degrees * std::numbers::pi / 180, c = std::cos(angle), s = std::sin(angle);
  const double size = 1 / p.zoom;
  const Matrix rotation{{{c, s, 0}, {-s, c, 0}, {0, 0, 1}}};
  const Matrix zoom{{{size, 0, (1 - size) * (2 * p.column - 1)},
                     {0, size, (1 - size) * (2 * p.row - 1)},
                     {0, 0, 1}}};
  Matrix m = symmetry(p.symmetry) * rotation * zoom;
  m[0][1] *= aspect;
  m[1][0] /= aspect;
  return m;
}

// The perspective that takes the moved corners to those of the square: solves eight equations.
Matrix perspective(double x, double y) {
  if (x == 0 && y == 0) return {{{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};
  const double to[4][2] = {{-1, -1}, {-1, 1}, {1, -1}, {1, 1}};
  const double from[4][2] = {{-1 - y, -1 - x}, {-1 + y, 1 + x}, {1 + y, -1 + x}, {1 - y, 1 - x}};
  const auto left = torch::zeros({8, 8}, torch::kFloat64), right = torch::zeros(8, torch::kFloat64);
  auto a = left.accessor<double, 2>();
  auto b = right.accessor<double, 1>();
  for (int corner = 0; corner < 4; ++corner)
    for (int axis = 0; axis < 2; ++axis) {
      const int row = 2 * corner + axis;
      const double target = to[corner][axis];
      a[row][3 * axis] = from[corner][0];
      a[row][3 * axis + 1] = from[corner][1];
      a[row][3 * axis + 2] = 1;
      a[row][6] = -target * from[corner][0];
      a[row][7] = -target * from[corner][1];
      b[row] = target;
    }
  const auto solved = at::linalg_solve(left, right);
  const auto m = solved.accessor<double, 1>();
  return {{{m[0], m[1], m[2]}, {m[3], m[4], m[5]}, {m[6], m[7], 1}}};
}

torch::Tensor on_device(const std::vector<float>& values, at::IntArrayRef shape,
                        const torch::Device& device) {
  return copy_ahead(torch::tensor(values).view(shape), device);
}

// What a row of each matrix [n, rows, 3] makes of the places (x, y, 1): [n, h, w]. A product of
// matrices this thin would take five times as long.
torch::Tensor product(const torch::Tensor& matrices, std::int64_t row, const torch::Tensor& x,
                      const torch::Tensor& y) {
  const auto m = matrices.select(1, row).view({-1, 3, 1, 1}).unbind(1);
  return m[0] * x.view({1, 1, -1}) + (m[1] * y.view({1, -1, 1}) + m[2]);
}

}  // namespace

Placement draw_placement(const PlacementRanges& r, Random& random) {
  Placement p;
  const auto drawn = [&](double probability) { return random.uniform() < probability; };
  if ((r.mirrored || r.all_symmetries) && drawn(0.5))
    p.symmetry = r.all_symmetries ? static_cast<int>(random.below(8)) : 1;
  if (r.max_warp > 0) {
    if (drawn(r.probability)) p.warp_x = random.uniform(-r.max_warp, r.max_warp);
    if (drawn(r.probability)) p.warp_y = random.uniform(-r.max_warp, r.max_warp);
  }
  if (r.max_rotate > 0 && drawn(r.probability))
    p.degrees = random.uniform(-r.max_rotate, r.max_rotate);
  if ((r.min_zoom < 1 || r.max_zoom > 1) && drawn(r.probability)) {
    p.zoom = random.uniform(r.min_zoom, r.max_zoom);
    p.column = random.uniform();
    p.row = random.uniform();
  }
  return p;
}

torch::Tensor place(const torch::Tensor& images, std::span<const Placement> placements) {
  const auto n = images.size(0), h = images.size(2), w = images.size(3);
  std::vector<float> values;
  values.reserve(placements.size() * 9);
  const double aspect = static_cast<double>(h) / static_cast<double>(w);
  for (const auto& p : placements)
    for (const auto& row : perspective(p.warp_x, p.warp_y) * affine_part(p, aspect))
      for (const double value : row) values.push_back(static_cast<float>(value));
  const auto matrices = on_device(values, {n, 3, 3}, images.device());
  const auto floats = torch::TensorOptions(images.device()).dtype(torch::kFloat32);
  const auto x = torch::linspace(-1, 1, w, floats), y = torch::linspace(-1, 1, h, floats);
  const auto scale = product(matrices, 2, x, y).reciprocal_();
  const auto grid = torch::stack(
      {product(matrices, 0, x, y).mul_(scale), product(matrices, 1, x, y).mul_(scale)}, -1);
  constexpr int bilinear = 0, reflection = 2;
  return at::grid_sampler_2d(images.to(torch::kFloat32).contiguous(), grid, bilinear, reflection,
                             /*align_corners=*/true);
}

torch::Tensor move(const torch::Tensor& images, std::span<const Affine> matrices, bool bilinear) {
  const auto n = images.size(0), h = images.size(2), w = images.size(3);
  std::vector<float> values;
  values.reserve(matrices.size() * 6);
  for (const auto& matrix : matrices)
    for (const double value : matrix) values.push_back(static_cast<float>(value));
  const auto device = images.device();
  const auto floats = torch::TensorOptions(device).dtype(torch::kFloat32);
  const auto halves =
      on_device({static_cast<float>(w) / 2, static_cast<float>(h) / 2}, {2, 1}, device);
  const auto theta = on_device(values, {n, 2, 3}, device) / halves;
  const auto from_centre = [&](std::int64_t size) {
    const double half = static_cast<double>(size) / 2;
    return torch::linspace(0.5 - half, half - 0.5, size, floats);
  };
  const auto x = from_centre(w), y = from_centre(h);
  const auto grid = torch::stack({product(theta, 0, x, y), product(theta, 1, x, y)}, -1);
  constexpr int zeros = 0;
  return at::grid_sampler_2d(images.to(torch::kFloat32).contiguous(), grid, bilinear ? 0 : 1, zeros,
                             /*align_corners=*/false)
      .round_()
      .to(torch::kUInt8);
}

}  // namespace archsweep::runner
