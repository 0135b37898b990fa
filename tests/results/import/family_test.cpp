#include "results/import/family.h"

#include <regex>

#include <catch2/catch.hpp>

#include "archs/catalog.h"

using namespace archsweep;
using namespace archsweep::results;

TEST_CASE("the letters of a name are its family, as the published expression has it", "[family]") {
  const std::regex published("^([a-z]+?(?:v2)?)(?:\\d|_|$)");
  const auto expected = [&](const std::string& name) {
    std::smatch match;
    return std::regex_search(name, match, published) ? match[1].str() : std::string();
  };
  for (const auto* name : {"v2", "av2", "av2v2", "v2v2_x", "x", "", "_x", "1x", "Xy", "ab-c",
                           "abv2x", "abv21", "abv2_", "xv", "xv3"})
    CHECK(spelled_family(name) == expected(name));
  for (const auto& entry : archs::catalog())
    CHECK(spelled_family(entry.name) == expected(std::string(entry.name)));
  CHECK(spelled_family("efficientnetv2_rw_t") == "efficientnetv2");
  CHECK(spelled_family("mobilenetv3_large_100") == "mobilenetv");
  CHECK(spelled_family("vit_base_patch16_224") == "vit");
  CHECK(spelled_family("regnetx_002") == "regnetx");
}

TEST_CASE("families of the image model pictures", "[family]") {
  struct Row {
    const char *architecture, *tag, *family;
  };
  // clang-format off
  const Row rows[] = {
      {"convnext_tiny",        "fb_in1k",             "convnext"},
      {"convnext_tiny",        "fb_in22k_ft_in1k",    "convnext_in22"},
      {"convnext_tiny_in22ft1k", "",                  "convnext_in22"},  // as it was spelled in 2022
      {"vit_base_patch16_224", "augreg_in21k",        "vit"},
      {"beit_base_patch16_224", "in22k_ft_in22k_in1k", "beit_in22"},
      {"resnet50d",            "a1_in1k",             "resnetd"},
      {"resnet50",             "fb_ssl_yfcc100m_ft_in1k", "resnet"},     // a d of the tag is none
      {"wide_resnet50_2",      "racm_in1k",           "wide"},
      {"seresnet152d",         "ra2_in1k",            "seresnetd"},
      {"regnetz_d8",           "ra3_in1k",            "regnetz"},
      {"resnet50_gn",          "a1h_in1k",            "resnet_gn"},
      {"resnetv2_50d_gn",      "ah_in1k",             "resnetv2d_gn"},
  };
  // clang-format on
  for (const auto& row : rows) {
    CAPTURE(row.architecture, row.tag);
    CHECK(image_model_family(row.architecture, row.tag) == row.family);
  }
}

TEST_CASE("the fine-tuning study counts swinv2 as swin and knows no other exception", "[family]") {
  CHECK(fine_tuning_family("swinv2_cr_tiny_ns_224") == "swin");
  CHECK(fine_tuning_family("swin_s3_tiny_224") == "swin");
  CHECK(fine_tuning_family("resnetv2_50d_gn") == "resnetv2");
  CHECK(fine_tuning_family("resnet26d") == "resnet");
  CHECK(fine_tuning_family("convnext_base_in22k") == "convnext");
}
