#include "runner/trial/augment/operations.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numbers>

#include "runner/trial/augment/colour.h"
#include "runner/trial/augment/copy_ahead.h"
#include "runner/trial/augment/geometry.h"

namespace archsweep::runner {
namespace {

bool moves(Operation o) {
  return o >= Operation::shear_x && o <= Operation::rotate;
}

// Shears keep the upper left corner where it is, a rotation the centre.
Affine matrix(const Change& change, std::int64_t width, std::int64_t height) {
  const double m = change.magnitude;
  switch (change.operation) {
    case Operation::shear_x:
      return {1, m, m * static_cast<double>(height) / 2, 0, 1, 0};
    case Operation::shear_y:
      return {1, 0, 0, m, 1, m * static_cast<double>(width) / 2};
    case Operation::translate_x:
      return {1, 0, -std::trunc(m), 0, 1, 0};
    case Operation::translate_y:
      return {1, 0, 0, 0, 1, -std::trunc(m)};
    default:
      break;
  }
  const double angle = m * std::numbers::pi / 180;
  return {std::cos(angle), -std::sin(angle), 0, std::sin(angle), std::cos(angle), 0};
}

// Every image of one kind of operation.
torch::Tensor apply_one(const torch::Tensor& images, Operation operation,
                        std::vector<Change> changes, bool bilinear) {
  if (moves(operation)) {
    std::vector<Affine> matrices;
    for (const auto& change : changes)
      matrices.push_back(matrix(change, images.size(3), images.size(2)));
    return move(images, matrices, bilinear);
  }
  std::vector<double> magnitudes, factors;
  for (const auto& change : changes) {
    magnitudes.push_back(change.magnitude);
    factors.push_back(1 + change.magnitude);
  }
  switch (operation) {
    case Operation::brightness:
      return adjust_brightness(images, factors);
    case Operation::colour:
      return adjust_saturation(images, factors);
    case Operation::contrast:
      return adjust_contrast(images, factors);
    case Operation::sharpness:
      return adjust_sharpness(images, factors);
    case Operation::posterize:
      return posterize(images, magnitudes);
    case Operation::solarize:
      return solarize(images, magnitudes);
    case Operation::auto_contrast:
      return autocontrast(images);
    case Operation::equalize:
      return equalize(images);
    case Operation::invert:
      return invert(images);
    case Operation::hue:
      return adjust_hue(images, magnitudes);
    default:
      return images;
  }
}

}  // namespace

torch::Tensor apply_changes(const torch::Tensor& images, std::span<const Change> changes,
                            bool bilinear) {
  // What moves pixels is one group.
  std::map<Operation, std::vector<std::int64_t>> groups;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto operation = changes[i].operation;
    if (operation != Operation::identity)
      groups[moves(operation) ? Operation::rotate : operation].push_back(std::int64_t(i));
  }
  // Most operations are faster where a channel's pixels lie together.
  auto result = images.clone(torch::MemoryFormat::Contiguous);
  for (const auto& [operation, members] : groups) {
    std::vector<Change> theirs;
    for (const auto i : members) theirs.push_back(changes[std::size_t(i)]);
    const auto index = copy_ahead(torch::tensor(members, torch::kInt64), images.device());
    result.index_copy_(0, index,
                       apply_one(result.index_select(0, index), operation, theirs, bilinear));
  }
  return result;
}

torch::Tensor apply_chains(torch::Tensor images, std::span<const Chain> chains, bool bilinear) {
  std::size_t longest = 0;
  for (const auto& chain : chains) longest = std::max(longest, chain.size());
  for (std::size_t step = 0; step < longest; ++step) {
    std::vector<Change> changes;
    for (const auto& chain : chains)
      changes.push_back(step < chain.size() ? chain[step] : Change{});
    images = apply_changes(images, changes, bilinear);
  }
  return images;
}

}  // namespace archsweep::runner
