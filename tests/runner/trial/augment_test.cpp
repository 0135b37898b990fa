// Augmentations on the batch against what fastai, torchvision and timm make of the same images with
// the same parameters (augment_reference.py).
#include "tests/torch_test.h"

#include <algorithm>
#include <map>

#include "archs/weights/tensors.h"
#include "runner/trial/augment/colour.h"
#include "runner/trial/augment/geometry.h"
#include "runner/trial/augment/mix.h"
#include "runner/trial/augment/policies.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

const torch::Tensor& reference(const std::string& name) {
  static const auto all = [] {
    std::map<std::string, torch::Tensor> by_name;
    for (auto& [key, tensor] : archs::read_tensors(TEST_DATA "/augment.safetensors"))
      by_name.emplace(key, tensor);
    return by_name;
  }();
  return all.at(name);
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max().item<double>();
}

double different_share(const torch::Tensor& a, const torch::Tensor& b) {
  return a.ne(b).to(torch::kFloat64).mean().item<double>();
}

Operation operation(double number) {
  return static_cast<Operation>(static_cast<int>(number));
}

}  // namespace

TEST_CASE("placement and lighting are fastai's") {
  const auto rows = reference("fastai.draws").accessor<double, 2>();
  std::vector<Placement> placements;
  std::vector<Lighting> lightings;
  std::vector<torch::Tensor> images;
  for (int i = 0; i < rows.size(0); ++i) {
    const auto& r = rows[i];
    placements.push_back({static_cast<int>(r[0]), r[1], r[2], r[3], r[4], r[5], r[6]});
    lightings.push_back({r[7], r[8]});
    images.push_back(reference("colour")[i % 4]);
  }
  auto made = place(torch::stack(images).to(torch::kFloat32), placements);
  light(made, lightings);
  for (int i = 0; i < rows.size(0); ++i) {
    INFO("row " << i);
    CHECK(largest_difference(made[i], reference("fastai.images")[i]) < 0.02);  // of 255
  }
}

TEST_CASE("operations are torchvision's") {
  for (const std::string what : {"colour", "grey"})
    for (int number = 0; number <= static_cast<int>(Operation::hue); ++number)
      for (const bool bilinear : {false, true}) {
        if (bilinear && (number < 1 || number > 5)) continue;
        const auto& images = reference(what);
        const auto& magnitudes = reference("magnitudes." + std::to_string(number));
        std::vector<Change> changes;
        for (int i = 0; i < images.size(0); ++i)
          changes.push_back({operation(number), magnitudes[i].item<double>()});
        const auto made = apply_changes(images, changes, bilinear);
        const auto& expected =
            reference(what + "." + std::to_string(number) + (bilinear ? ".bilinear" : ".nearest"));
        INFO(what << ", operation " << number << (bilinear ? ", bilinear" : ""));
        CHECK(made.scalar_type() == torch::kUInt8);
        // A mean of four that ends half way between two bytes may go to either.
        CHECK(largest_difference(made, expected) <= bilinear);
        CHECK(different_share(made, expected) <= bilinear * 0.01);
      }
}

TEST_CASE("images of a batch get each its own operations") {
  const auto& images = reference("colour");
  const std::vector<Chain> chains{
      {{Operation::invert}, {Operation::rotate, 30}},
      {},
      {{Operation::shear_x, 0.2}},
      {{Operation::equalize}, {Operation::identity}, {Operation::hue, 0.1}}};
  const auto together = apply_chains(images, chains);
  for (int i = 0; i < 4; ++i)
    CHECK(largest_difference(together[i], apply_chains(images.slice(0, i, i + 1),
                                                       {&chains[std::size_t(i)], 1})[0]) == 0);
  CHECK(largest_difference(together[1], images[1]) == 0);
}

TEST_CASE("magnitudes are torchvision's") {
  const std::pair<const char*, Space> spaces[] = {{"space.rand", Space::rand},
                                                  {"space.trivial", Space::trivial},
                                                  {"space.automatic", Space::automatic},
                                                  {"space.mixed", Space::mixed}};
  for (const auto& [name, space] : spaces) {
    INFO(name);
    const auto expected = reference(name).accessor<double, 2>();
    const auto ours = space_of(space);
    REQUIRE(std::ssize(ours) == expected.size(0));
    REQUIRE(bins_of(space) + 2 == expected.size(1));
    for (int i = 0; i < expected.size(0); ++i) {
      const auto& m = ours[std::size_t(i)];
      CHECK(m.operation == operation(expected[i][0]));
      CHECK(m.either_sign == (expected[i][1] == 1));
      for (int bin = 0; bin < bins_of(space); ++bin) {
        const double value = magnitude(m, bin, bins_of(space), 224, 160);
        CHECK(value == Approx(expected[i][bin + 2]).epsilon(1e-6).margin(1e-9));
        CHECK(std::trunc(value) == std::trunc(expected[i][bin + 2]));
      }
    }
  }
}

TEST_CASE("AutoAugment's pairs are torchvision's") {
  const std::pair<const char*, Policy> policies[] = {{"policy.imagenet", Policy::imagenet},
                                                     {"policy.cifar10", Policy::cifar10},
                                                     {"policy.svhn", Policy::svhn}};
  for (const auto& [name, policy] : policies) {
    INFO(name);
    const auto expected = reference(name).accessor<double, 3>();
    const auto ours = pairs_of(policy);
    REQUIRE(std::ssize(ours) == expected.size(0));
    for (int i = 0; i < expected.size(0); ++i)
      for (int j = 0; j < 2; ++j) {
        const auto& step = ours[std::size_t(i)][j];
        CHECK(step.operation == operation(expected[i][j][0]));
        CHECK(step.probability == expected[i][j][1]);
        CHECK(step.bin == expected[i][j][2]);
      }
  }
}

TEST_CASE("AugMix's mixture is torchvision's") {
  const auto changes = reference("augmix.changes").accessor<double, 4>();
  std::vector<Mixture> mixtures;
  for (int image = 0; image < 4; ++image) {
    Mixture mixture{reference("augmix.kept")[image].item<double>(), {}, {}};
    for (int chain = 0; chain < 3; ++chain) {
      mixture.weights.push_back(reference("augmix.weights")[image][chain].item<double>());
      mixture.chains.emplace_back();
      for (int i = 0; i < 2; ++i) {
        const auto& change = changes[image][chain][i];
        mixture.chains.back().push_back({operation(change[0]), change[1]});
      }
    }
    mixtures.push_back(std::move(mixture));
  }
  // Where a sum ends within rounding of a whole number, either side may come out.
  const auto made = apply_mixtures(reference("colour"), mixtures);
  CHECK(largest_difference(made, reference("augmix.images")) <= 1);
  CHECK(different_share(made, reference("augmix.images")) < 0.005);
}

TEST_CASE("mixup and cutmix and their loss are timm's") {
  const auto labels = torch::one_hot(torch::arange(4), 5).to(torch::kFloat32);
  for (const std::string name : {"mixup", "cutmix"}) {
    INFO(name);
    Mix m{reference(name + ".keep").item<double>(), {}};
    if (name == "cutmix") {
      const auto box = reference("cutmix.box").accessor<double, 1>();
      m.box = Patch{std::int64_t(box[0]), std::int64_t(box[2]), std::int64_t(box[1] - box[0]),
                    std::int64_t(box[3] - box[2])};
      m.keep = 1 - double(m.box->height * m.box->width) / (24 * 32);
    }
    const auto images = reference("colour").to(torch::kFloat32);
    const auto targets = mix(images, labels, m);
    CHECK(largest_difference(images, reference(name + ".images")) < 1e-4);
    const auto loss = torch::nn::functional::cross_entropy(
        reference("mix.logits"), targets,
        torch::nn::functional::CrossEntropyFuncOptions().label_smoothing(0.1));
    CHECK(loss.item<double>() == Approx(reference(name + ".loss").item<double>()).epsilon(1e-5));
  }
}

TEST_CASE("draws are spread as the peers'") {
  constexpr int draws = 20000;
  Random random(7);
  const auto near = [](double value, double expected, double margin) {
    CHECK(value == Approx(expected).margin(margin));
  };
  SECTION("fastai") {
    double mirrored = 0, still = 0, zoomed = 0, most = 0, dark = 0, contrast = 0;
    for (int i = 0; i < draws; ++i) {
      const auto p = draw_placement({}, random);
      mirrored += p.symmetry == 1;
      still += p.degrees == 0;
      zoomed += p.zoom != 1;
      most =
          std::max({most, std::abs(p.degrees) / 10, std::abs(p.warp_x) / 0.2, (p.zoom - 1) / 0.1});
      const auto l = draw_lighting(0.2, 0.75, random);
      dark += l.brightness < 0.5;
      contrast += std::log(l.contrast);
      CHECK((l.brightness >= 0.4 && l.brightness <= 0.6 && l.contrast > 0.79 && l.contrast < 1.26));
    }
    near(mirrored / draws, 0.5, 0.02);
    near(still / draws, 0.25, 0.02);
    near(zoomed / draws, 0.75, 0.02);
    near(dark / draws, 0.375, 0.02);
    near(contrast / draws, 0, 0.01);
    CHECK((most > 0.99 && most <= 1));
  }
  SECTION("TrivialAugment: every operation, either sign") {
    std::map<Operation, double> seen;
    double negative = 0;
    for (int i = 0; i < draws; ++i) {
      const auto change = draw_trivial_augment({224, 224}, random).at(0);
      seen[change.operation] += 1.0 / draws;
      negative += change.operation == Operation::rotate && change.magnitude < 0;
    }
    CHECK(seen.size() == 14);
    for (const auto& [o, share] : seen) near(share, 1.0 / 14, 0.01);
    near(negative / draws * 14, 0.5 * 30 / 31, 0.07);
  }
  SECTION("RandAugment: so many, one magnitude") {
    for (int i = 0; i < 100; ++i) {
      const auto chain = draw_rand_augment(3, 30, {224, 224}, random);
      CHECK(chain.size() == 3);
      for (const auto& c : chain)
        if (c.operation == Operation::rotate) CHECK(std::abs(c.magnitude) == 30);
    }
  }
  SECTION("AutoAugment: pairs by their probabilities") {
    double expected = 0, lengths = 0;
    for (const auto& pair : pairs_of(Policy::svhn))
      for (const auto& step : pair) expected += step.probability / 25;
    for (int i = 0; i < draws; ++i)
      lengths += double(draw_auto_augment(Policy::svhn, {32, 32}, random).size());
    near(lengths / draws, expected, 0.02);
  }
  SECTION("AugMix: weights sum to one, chains are one to three long") {
    double kept = 0, lengths = 0;
    for (int i = 0; i < draws; ++i) {
      const auto m = draw_augmix(3, 3, 0, 1, {32, 32}, random);
      double sum = m.keep;
      for (const auto weight : m.weights) sum += weight;
      CHECK(sum == Approx(1));
      kept += m.keep;
      for (const auto& chain : m.chains) lengths += double(chain.size()) / 3;
    }
    near(kept / draws, 0.5, 0.01);
    near(lengths / draws, 2, 0.02);
  }
  SECTION("ColorJitter: each in any place, hue only if asked for") {
    double first = 0;
    for (int i = 0; i < draws; ++i) {
      const auto chain = draw_jitter({}, random);
      REQUIRE(chain.size() == 3);
      first += chain[0].operation == Operation::contrast;
      for (const auto& change : chain) CHECK(std::abs(change.magnitude) <= 0.4);
    }
    near(first / draws, 1.0 / 3, 0.02);
  }
  SECTION("random erasing, mixup and cutmix") {
    double height = 0, width = 0, erased = 0, kept = 0, square = 0, area = 0;
    for (int i = 0; i < draws; ++i) {
      if (const auto box = draw_box({.probability = 1}, 224, 224, random)) {
        erased += 1.0 / draws;
        height += double(box->height) / draws;
        width += double(box->width) / draws;
        CHECK((box->top >= 0 && box->top + box->height <= 224 && box->left + box->width <= 224));
      }
      const double keep = draw_mix({.mixup_alpha = 0.8}, 224, 224, random).keep;
      kept += keep / draws;
      square += keep * keep / draws;
      area += draw_mix({.cutmix_alpha = 1}, 224, 224, random).keep / draws;
    }
    const auto theirs = reference("shares").accessor<double, 1>();
    near(erased, theirs[0], 0.01);
    near(height, theirs[1], 2);
    near(width, theirs[2], 2);
    near(area, theirs[3], 0.01);
    near(kept, 0.5, 0.01);
    near(square - kept * kept, 1 / (4 * (2 * 0.8 + 1)), 0.005);
  }
}
