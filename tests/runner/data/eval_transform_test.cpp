#include "runner/trial/data/eval_transform.h"

#include <catch2/catch.hpp>

#include <cstring>

#include "runner/support/hash.h"
#include "runner/trial/data/files.h"
#include "runner/trial/data/image.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

Image load(const std::string& name) {
  return decode_as_stored(read_file(std::string(TEST_DATA "/images/") + name), 3);
}

// The first 16 digits of the pixels' SHA-256.
std::string digest(const Image& image) {
  return sha256({reinterpret_cast<const char*>(image.pixels.data()), image.pixels.size()})
      .substr(0, 16);
}

std::string digest(const Image& image, const archs::Preprocessing& p, int side) {
  Image out(side, side, image.channels);
  eval_transform(image, p, side, out.pixels.data());
  return digest(out);
}

constexpr auto bilinear = archs::Interpolation::bilinear;

}  // namespace

TEST_CASE("photos are decoded to Pillow's pixels, as they are stored") {
  CHECK(digest(load("rgb.jpg")) == "18cf9be74247bec1");
  CHECK(digest(load("progressive.jpg")) == "18cf9be74247bec1");
  CHECK(digest(load("turned6.jpg")) == "7cca49a66854552c");
  CHECK(digest(load("cmyk.jpg")) == "aedefd7a8e14a989");
  CHECK(digest(load("grey.jpg")) == "218988a02c6d1bae");
  CHECK(digest(load("grey_alpha.png")) == "218988a02c6d1bae");
  for (const char* name : {"rgb.png", "palette.png", "alpha.png"}) {
    INFO(name);
    CHECK(digest(load(name)) == "fe492563c16379bb");
  }
}

// The digests are of what timm 1.0.31's create_transform makes with Pillow 13.
TEST_CASE("photos are prepared to timm's pixels") {
  const auto image = load("rgb.jpg");
  CHECK(digest(image, {}, 64) == "efad9bd3f102f25e");
  CHECK(digest(image, {.interpolation = bilinear, .crop_pct = 0.9, .crop_mode = "squash"}, 64) ==
        "0e4fda4bcdb3ad5f");
  CHECK(digest(image, {.crop_pct = 0.95, .mean = archs::clip_mean, .crop_mode = "border"}, 96) ==
        "c26bc318365f4747");
  CHECK(digest(image, {.crop_pct = 0.7}, 300) == "c828cc772a1a415c");
}

TEST_CASE("one channel is prepared like each of three") {
  const auto grey = decode_as_stored(read_file(TEST_DATA "/images/grey.jpg"), 1),
             three = load("grey.jpg");
  std::vector<std::uint8_t> one(32 * 32), all(32 * 32 * 3);
  eval_transform(grey, {}, 32, one.data());
  eval_transform(three, {}, 32, all.data());
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i] == all[3 * i]);
}
