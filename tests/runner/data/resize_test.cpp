#include "runner/trial/data/resize.h"

#include <catch2/catch.hpp>

#include <cstdlib>

using namespace archsweep::runner;

namespace {

// Noise, and what Pillow 12 makes of it with BILINEAR.
// clang-format off
const std::vector<std::uint8_t> noise = {172,10,127,140,47,170,196,151,117,166,22,183,192,204,33,216,67,179,78,154,251,82,162,219,195,118,125,139,103,125,229,216,9,164,116,108,211,222,161,159,21,81,89,165,242,214,102,98,36,183,5,112,87,58,43,76,70,60,75,228,216,189,132,14,88,154,178,246,140,205,204,69,58,57,41,98,193,66,72,122,230,125,174,202,39,74,234,207,87,168,101,135,174,200,223,122,88,94,107,145,81,139,141,100,165,230,243,236,25,66,9,214,77,107,47,18,72,152,95,86,9,27,78,22,148,151,238,165,115,8,45,5,208,19,69,94,243,146,38,213,197,30,8,245,254,71,53,199,79,7,238,35,175,29,185,222,192,9,190,222,82,187,134,250,99,96,62,121,216,167,149,204,177,124,8,205,243,130,35,118,29,3,62,133,147,194,208,199,147,12,203,173,142,59,71,30,167,97,123,184,32,221,209,163,193,63,255,148,9,205,178,36,185,74,145,137,127,210,213,241,32};
const std::vector<int> to_5x4 = {128,135,139,143,128,139,111,134,116,125,127,131,139,90,113,148,135,112,115,167};
const std::vector<int> to_20x15 = {172,46,83,133,110,69,171,193,163,131,138,126,42,179,190,200,114,102,182,67,178,90,117,187,179,91,165,208,194,147,124,128,116,119,135,196,200,131,72,145};  // two rows
const std::vector<int> box_to_4x4 = {137,133,144,140,126,113,135,114,131,140,113,93,139,124,109,134};
// clang-format on

std::vector<std::uint8_t> resized(const Box& box, int width, int height) {
  std::vector<std::uint8_t> out(std::size_t(width) * height), scratch;
  resize(View(noise.data(), 17, 13, 1), box, width, height, out.data(), scratch);
  return out;
}

void check_near(const std::vector<std::uint8_t>& got, const std::vector<int>& expected) {
  REQUIRE(got.size() >= expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) CHECK(std::abs(got[i] - expected[i]) <= 1);
}

}  // namespace

TEST_CASE("resizing agrees with Pillow") {
  check_near(resized({0, 0, 17, 13}, 5, 4), to_5x4);
  check_near(resized({0, 0, 17, 13}, 20, 15), to_20x15);
  check_near(resized({2, 0, 13, 13}, 4, 4), box_to_4x4);
}

TEST_CASE("resizing to the same size changes nothing") {
  CHECK(resized({0, 0, 17, 13}, 17, 13) == noise);
}

TEST_CASE("an image becomes a square in three ways") {
  Image image(4, 2, 1);
  image.pixels = {10, 20, 30, 40, 50, 60, 70, 80};
  std::vector<std::uint8_t> out(16);
  to_square(image, "pad", 4, out.data());
  CHECK(out ==
        std::vector<std::uint8_t>{50, 60, 70, 80, 10, 20, 30, 40, 50, 60, 70, 80, 10, 20, 30, 40});
  out.resize(4);
  to_square(image, "crop", 2, out.data());
  CHECK(out == std::vector<std::uint8_t>{20, 30, 60, 70});
  to_square(image, "squish", 1, out.data());
  CHECK(out[0] == 45);
}

TEST_CASE("the middle begins where torchvision's center_crop does") {
  // round((size - side) / 2) of Python
  CHECK(middle_begins(64, 64) == 0);
  CHECK(middle_begins(65, 64) == 0);
  CHECK(middle_begins(66, 64) == 1);
  CHECK(middle_begins(67, 64) == 2);
  CHECK(middle_begins(69, 64) == 2);
  CHECK(middle_begins(71, 64) == 4);
}

TEST_CASE("a single pixel can be padded and enlarged") {
  Image image(1, 1, 3);
  image.pixels = {1, 2, 3};
  std::vector<std::uint8_t> out(27);
  for (const char* how : {"pad", "crop", "squish"}) {
    to_square(image, how, 3, out.data());
    for (int i = 0; i < 27; ++i) CHECK(out[i] == i % 3 + 1);
  }
}
