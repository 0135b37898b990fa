#include "runner/trial/data/image.h"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <stdexcept>

#include "runner/trial/data/files.h"

using namespace archsweep::runner;

namespace {

std::string load(const std::string& name) {
  return read_file(std::string(TEST_DATA "/images/") + name);
}

int off(const Image& image, int x, int y, int r, int g, int b) {
  const std::uint8_t* p = &image.pixels[(std::size_t(y) * image.width + x) * 3];
  return std::max({std::abs(p[0] - r), std::abs(p[1] - g), std::abs(p[2] - b)});
}

// 24 x 16: red, green and blue thirds under four white rows.
void check_picture(const std::string& name, int tolerance) {
  INFO(name);
  const Image image = decode_image(load(name), 224, 3);
  REQUIRE(image.width == 24);
  REQUIRE(image.height == 16);
  REQUIRE(image.channels == 3);
  CHECK(off(image, 3, 12, 220, 30, 30) <= tolerance);
  CHECK(off(image, 12, 12, 30, 200, 30) <= tolerance);
  CHECK(off(image, 21, 12, 30, 30, 220) <= tolerance);
  CHECK(off(image, 3, 1, 255, 255, 255) <= tolerance);
  CHECK(off(image, 21, 1, 255, 255, 255) <= tolerance);
}

std::string refusal(const std::string& bytes) {
  try {
    decode_image(bytes, 224, 3);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every format gives the same picture") {
  for (const char* name : {"rgb.png", "palette.png", "rgb16.png", "interlaced.gif", "rgb.bmp",
                           "palette.bmp", "lossless.webp", "gif_named.jpg"})
    check_picture(name, 3);
  for (const char* name : {"rgb.jpg", "progressive.jpg", "cmyk.jpg", "lossy.webp"})
    check_picture(name, 30);
}

TEST_CASE("what is written as PNG is read the same") {
  for (const char* name : {"rgb.png", "grey.png"}) {
    const Image image = decode_png(load(name));
    const Image part = decode_png(encode_png(View(image).part(2, 1, 7, 5)));
    REQUIRE(part.channels == image.channels);
    REQUIRE(part.pixels.size() == 7u * 5 * part.channels);
    for (int y = 0; y < 5; ++y)
      CHECK(std::equal(&part.pixels[y * 7 * part.channels],
                       &part.pixels[y * 7 * part.channels] + 7 * part.channels,
                       View(image).part(2, 1 + y, 7, 1).pixels));
  }
}

TEST_CASE("photos are turned upright") {
  for (int orientation = 2; orientation <= 8; ++orientation)
    check_picture("turned" + std::to_string(orientation) + ".jpg", 30);
}

TEST_CASE("grey images become grey or coloured as wanted") {
  for (const char* name : {"grey.jpg", "grey.png", "grey16.png", "grey_alpha.png", "rgb.png"}) {
    INFO(name);
    const Image grey = decode_image(load(name), 224, 1), three = decode_image(load(name), 224, 3);
    REQUIRE(grey.channels == 1);
    CHECK(grey.pixels.size() == 24 * 16);
    CHECK(std::abs(grey.pixels[12 * 24 + 3] - 86) <= 3);  // 0.299 * 220 + 0.701 * 30
    CHECK(grey.pixels[0] >= 250);
    CHECK(three.pixels.size() == 24 * 16 * 3);
  }
  CHECK(decode_image(load("bilevel.png"), 224, 3).pixels[0] == 255);
}

TEST_CASE("transparency lies on white") {
  for (const char* name : {"alpha.png", "alpha.webp"}) {
    INFO(name);
    const Image image = decode_image(load(name), 224, 3);
    CHECK(off(image, 3, 12, 255, 255, 255) == 0);
    CHECK(off(image, 3, 6, 220, 30, 30) == 0);
  }
}

TEST_CASE("broken images are refused with the reason") {
  CHECK(refusal(load("empty.jpg")) == "the file is empty");
  CHECK(refusal(load("text.jpg")) == "not a JPEG, PNG, GIF, BMP or WebP image");
  CHECK_THAT(refusal(load("truncated.jpg")), Catch::Contains("Premature end"));
  CHECK_THAT(refusal(load("truncated.png")), Catch::Contains("too early"));
  CHECK_THAT(refusal(load("truncated.bmp")), Catch::Contains("too early"));
  CHECK_THAT(refusal(load("truncated.webp")), Catch::Contains("WebP"));
  CHECK_THAT(refusal(load("truncated.gif")), Catch::Contains("GIF"));
  CHECK_THAT(refusal(load("bomb.png")), Catch::Contains("100 megapixels"));
}

TEST_CASE("no prefix and no single changed byte of an image is more than an exception") {
  for (const char* name : {"rgb.jpg", "turned6.jpg", "cmyk.jpg", "palette.png", "rgb16.png",
                           "interlaced.gif", "palette.bmp", "lossless.webp", "lossy.webp"}) {
    const std::string bytes = load(name);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      refusal(bytes.substr(0, i));
      std::string changed = bytes;
      changed[i] = char(changed[i] ^ 0x81);
      // A side of thousands of pixels is legal and only slow.
      if (changed.substr(0, 30) == bytes.substr(0, 30)) refusal(changed);
    }
  }
}
