#include "archs/weights/pretrained.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "archs/catalog.h"
#include "runner/support/error.h"

using namespace archsweep::archs;

namespace {

std::string fault_of(std::string_view name) {
  try {
    find_pretrained(name);
  } catch (const archsweep::Error& e) {
    return e.what();
  }
  return "no fault";
}

}  // namespace

TEST_CASE("timm's names of weights are found with and without their tag") {
  CHECK(pretrained().size() == 1826);
  CHECK(std::ranges::is_sorted(pretrained(), {}, &Pretrained::arch));
  CHECK(tags_of("resnet18").size() == 7);
  CHECK(tags_of("no_such_network").empty());
  CHECK(find_pretrained("resnet18.tv_in1k").tag == "tv_in1k");
  CHECK(find_pretrained("resnet18").tag == find("resnet18")->tag);
  CHECK(hub_repository(find_pretrained("resnet18")) == "timm/resnet18.a1_in1k");
  CHECK(find_pretrained("resnet18").preprocessing->test_input_size == 288);
}

TEST_CASE("a name without weights says what there is") {
  CHECK(fault_of("resnet81.a1_in1k").starts_with("unknown architecture 'resnet81'; did you mean"));
  CHECK(
      fault_of("resnet18.a1_in2k")
          .starts_with("resnet18 has no weights 'a1_in2k'; did you mean 'a1_in1k'?; there are: "));
  CHECK(fault_of("convnext_atto_rms") == "timm has no pretrained weights of convnext_atto_rms");
  CHECK_THROWS_AS(hub_repository(find_pretrained("gcvit_tiny.in1k")), archsweep::Error);
  CHECK(hub_repository(find_pretrained("rdnet_tiny.nv_in1k")) == "naver-ai/rdnet_tiny.nv_in1k");
}

TEST_CASE("the default tag of every architecture of the catalog is one of its tags") {
  for (const auto& entry : catalog()) {
    INFO(entry.name);
    const auto tags = tags_of(entry.name);
    if (tags.empty()) continue;
    CHECK(std::ranges::count(tags, entry.tag, &Pretrained::tag) == 1);
  }
}

TEST_CASE("the table is what its source says") {
  std::ifstream source(SHARED_DATA "/parity/pretrained.jsonl");
  if (!source) {
    WARN("skipped: no shared/parity/pretrained.jsonl beside the checkout");
    return;
  }
  std::size_t lines = 0;
  for (std::string line; std::getline(source, line); ++lines) {
    const auto row = nlohmann::json::parse(line);
    const auto name = row["name"].get<std::string>();
    INFO(name);
    const auto tags = tags_of(name.substr(0, name.find('.')));
    const auto at = std::ranges::find(tags, name, &Pretrained::name);
    REQUIRE(at != tags.end());
    const auto& p = *at->preprocessing;
    CHECK(at->num_classes == row["num_classes"]);
    CHECK(p.input_size == row["input_size"][1]);
    CHECK(p.crop_pct == row["crop_pct"]);
    CHECK(p.crop_mode == row["crop_mode"].get<std::string>());
    CHECK(p.mean == row["mean"].get<Rgb>());
    CHECK(p.std == row["std"].get<Rgb>());
    CHECK(p.fixed_input_size == row["fixed_input_size"]);
    CHECK((p.interpolation == Interpolation::bicubic) == (row["interpolation"] == "bicubic"));
    CHECK(p.test_crop_pct == row.value("test_crop_pct", 0.0));
    if (row.contains("test_input_size"))
      CHECK((p.test_input_size ? p.test_input_size : p.input_size) == row["test_input_size"][1]);
    if (row.contains("hf_hub_id"))
      CHECK(hub_repository(*at) == row["hf_hub_id"].get<std::string>());
  }
  CHECK(lines == pretrained().size());
}
