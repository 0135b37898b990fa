#include "runner/trial/logits.h"

#include <cmath>
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>

#include <catch2/catch.hpp>

#include "archs/weights/safetensors.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;

namespace {

// Two images, three classes: 1, -2, 0.5; 65504, 0, the smallest number.
KeptLogits two() {
  return {.class_names = {"cat", "dog", "the \"third\""},
          .split_hash = "5e1f",
          .logits = {0x3c00, 0xc000, 0x3800, 0x7bff, 0, 1},
          .labels = {2, 0},
          .images = {7, 9}};
}

std::string fault_of(const std::filesystem::path& file) {
  try {
    read_logits(file);
    return "";
  } catch (const Error& e) {
    CHECK(std::string(e.what()).find('\n') == std::string::npos);
    return e.what();
  }
}

}  // namespace

TEST_CASE("logits are read as they were written") {
  const Folder folder;
  const auto file = folder.path / "below" / "a.safetensors";
  write_logits(file, two());
  const auto kept = read_logits(file);
  CHECK(kept.class_names == two().class_names);
  CHECK(kept.split_hash == "5e1f");
  CHECK(kept.logits == two().logits);
  CHECK(kept.labels == two().labels);
  CHECK(kept.images == two().images);
}

TEST_CASE("float16 is what IEEE 754 says") {
  CHECK(from_float16(0x3c00) == 1);
  CHECK(from_float16(0xc000) == -2);
  CHECK(from_float16(0x3555) == Approx(1 / 3.0).epsilon(1e-3));
  CHECK(from_float16(0x7bff) == 65504);
  CHECK(from_float16(0x0001) == std::ldexp(1.0F, -24));
  CHECK(from_float16(0x03ff) == std::ldexp(1023.0F, -24));
  CHECK(std::signbit(from_float16(0x8000)));
  CHECK(from_float16(0xfc00) == -std::numeric_limits<float>::infinity());
  CHECK(std::isnan(from_float16(0x7e00)));
}

TEST_CASE("logits that do not fit one another are refused") {
  const Folder folder;
  const auto file = folder.path / "a.safetensors";
  auto kept = two();
  std::string fault;
  SECTION("a label of no class") {
    kept.labels[1] = 3, fault = "a label 3";
  }
  SECTION("a negative label") {
    kept.labels[1] = -1, fault = "a label -1";
  }
  SECTION("not a number") {
    kept.logits[4] = 0x7e01, fault = "a logit of image 1 is not finite";
  }
  SECTION("infinity") {
    kept.logits[2] = 0xfc00, fault = "a logit of image 0 is not finite";
  }
  SECTION("one class") {
    kept = {.class_names = {"cat"}, .logits = {0}, .labels = {0}, .images = {0}};
    fault = "less than two classes";
  }
  SECTION("no images") {
    kept = {.class_names = {"cat", "dog"}};
    fault = "no images";
  }
  write_logits(file, kept);
  CHECK_THAT(fault_of(file),
             Contains("a.safetensors: not a trial's validation logits: ") && Contains(fault));
}

TEST_CASE("another file is no file of logits") {
  const Folder folder;
  const auto file = folder.path / "a.safetensors";
  write_logits(file, two());
  std::ifstream in(file, std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (const std::size_t bytes : {std::size_t(4), whole.size() / 2, whole.size() - 1}) {
    std::ofstream(file, std::ios::binary) << whole.substr(0, bytes);
    CHECK_THAT(fault_of(file), Contains("a.safetensors: "));
  }
  CHECK_THAT(fault_of(folder.path / "gone"), Contains("gone: cannot open it"));
  CHECK_THAT(fault_of(TEST_DATA "/weights/every_dtype.safetensors"), Contains("not of archsweep"));

  const std::string about = R"({"class_names": ["a", "b"], "split_hash": ""})";
  const std::vector<float> wide(4);
  const std::vector<std::int32_t> labels(2);
  const archs::StoredTensor logits{
      "logits", archs::Dtype::f32, {2, 2}, std::as_bytes(std::span(wide))};
  const archs::StoredTensor flat{"logits", archs::Dtype::f16, {8}, std::as_bytes(std::span(wide))};
  const archs::StoredTensor long_one{
      "logits", archs::Dtype::f16, {4, 2}, std::as_bytes(std::span(wide))};
  const archs::StoredTensor some{
      "labels", archs::Dtype::i32, {2}, std::as_bytes(std::span(labels))};
  const archs::StoredTensor images{
      "images", archs::Dtype::u32, {2}, std::as_bytes(std::span(labels))};
  const auto fault_of_tensors = [&](std::vector<archs::StoredTensor> tensors,
                                    const std::string& header) {
    archs::write_safetensors(file, std::move(tensors), {{"archsweep_logits", header}});
    return fault_of(file);
  };
  CHECK_THAT(fault_of_tensors({some, images}, about), Contains("no tensor 'logits' of F16 and 2"));
  CHECK_THAT(fault_of_tensors({logits, some, images}, about), Contains("no tensor 'logits'"));
  CHECK_THAT(fault_of_tensors({flat, some, images}, about), Contains("no tensor 'logits'"));
  CHECK_THAT(fault_of_tensors({long_one, images}, about), Contains("no tensor 'labels'"));
  CHECK_THAT(fault_of_tensors({long_one, some, images}, about), Contains("but 2 labels"));
  CHECK_THAT(fault_of_tensors({long_one, some, images}, "[1"), Contains("parse error"));
  CHECK_THAT(fault_of_tensors({long_one, some, images}, "{}"), Contains("class_names"));
}
