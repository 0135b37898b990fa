#include "results/import/published.h"

#include <catch2/catch.hpp>

#include "results/import/conditions.h"
#include "runner/support/error.h"

using namespace archsweep;
using namespace archsweep::results;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

std::string fault(const std::string& text) {
  try {
    read_published(text, "t.csv");
  } catch (const Error& e) {
    CHECK(e.code() == Exit::usage);
    return e.what();
  }
  return "";
}

const std::string accuracy = "model,img_size,top1,top5,param_count\n";
const std::string speed =
    "model,infer_img_size,infer_samples_per_sec,infer_batch_size,infer_gmacs\n";

}  // namespace

TEST_CASE("accuracies are shares, of an architecture and its tag", "[published]") {
  const auto table = read_published(
      "interpolation,top5,surprise,top1,img_size,model,param_count,crop_pct\n"
      "bicubic,98.5,?,90.056,448,eva02.mim.x,\"1,014.45\",0.95\n"
      ",,,0,106,tinynet_e,,\n",
      "t.csv");
  REQUIRE(table.kind == TableKind::accuracy);
  REQUIRE(table.accuracies.size() == 2);
  const auto& a = table.accuracies[0];
  CHECK(a.line == 2);
  CHECK(a.architecture == "eva02");
  CHECK(a.tag == "mim.x");
  CHECK(a.image_size == 448);
  CHECK(a.top1 == Approx(0.90056));
  CHECK(a.top5 == Approx(0.985));
  CHECK(a.parameters == 1014450000);
  CHECK(a.crop_pct == 0.95);
  CHECK(a.interpolation == "bicubic");
  const auto& b = table.accuracies[1];
  CHECK(b.tag.empty());
  CHECK(b.top1 == 0);
  CHECK(std::isnan(b.top5));
  CHECK_FALSE(b.parameters);
}

TEST_CASE("speeds of inference, of training and of both", "[published]") {
  auto table = read_published(
      "model,infer_samples_per_sec,infer_step_time,infer_batch_size,infer_img_size,infer_gmacs,"
      "infer_macts,param_count\ntinynet_e,72737.62,14.068,1024,106,0.03,0.69,2.04\n",
      "t.csv");
  REQUIRE(table.kind == TableKind::inference);
  CHECK(table.speeds[0].samples_per_second == 72737.62);
  CHECK(table.speeds[0].image_size == 106);
  CHECK(table.speeds[0].batch_size == 1024);
  CHECK(table.speeds[0].macs == 30000000);
  CHECK(table.speeds[0].activations == 690000);
  CHECK(table.speeds[0].parameters == 2040000);
  CHECK(std::isnan(table.speeds[0].train_samples_per_second));

  table = read_published("model,train_samples_per_sec,train_img_size\nx,12.5,64\n", "t.csv");
  REQUIRE(table.kind == TableKind::training);
  CHECK(table.speeds[0].train_samples_per_second == 12.5);
  CHECK(std::isnan(table.speeds[0].samples_per_second));

  const std::string both =
      "model,infer_img_size,infer_samples_per_sec,train_img_size,train_samples_per_sec\n";
  table = read_published(both + "x,64,100,64,30\ny,64,100,,\n", "t.csv");
  REQUIRE(table.kind == TableKind::inference);
  CHECK(table.speeds[0].samples_per_second == 100);
  CHECK(table.speeds[0].train_samples_per_second == 30);
  CHECK(std::isnan(table.speeds[1].train_samples_per_second));
  table = read_published(both + "x,,,64,30\n", "t.csv");  // inference failed
  CHECK(table.speeds[0].image_size == 64);
  CHECK(std::isnan(table.speeds[0].samples_per_second));
  CHECK(table.speeds[0].train_samples_per_second == 30);
  CHECK(fault(both + "x,64,,64,\n") ==
        "t.csv:2:6: infer_samples_per_sec is ''; expected samples per second above 0");
  CHECK(fault(both + "x,,100,,\n") ==
        "t.csv:2:3: infer_img_size is ''; expected an image size in whole pixels");
  CHECK(fault(both + "x,64,100,32,30\n") ==
        "t.csv:2:10: train_img_size is '32'; expected infer_img_size, 64");
}

TEST_CASE("runs may have blanks; a loss that diverged is one", "[published]") {
  const auto table = read_published(
      "dataset,model_name,GPU_mem,error_rate,valid_loss,train_loss,fit_time\n"
      "pets,levit_384,1.5,0.0625,NaN,0.25,100.5\npets,levit_384,,,,,\n",
      "t.csv");
  REQUIRE(table.kind == TableKind::runs);
  REQUIRE(table.runs.size() == 2);
  const auto& r = table.runs[0];
  CHECK(r.memory_bytes == 1.5 * 1073741824);
  CHECK(r.error == 0.0625);
  CHECK(std::isnan(r.valid_loss));
  CHECK(r.train_loss == 0.25);
  CHECK(r.fit_time == 100.5);
  CHECK(std::isnan(table.runs[1].error));
  CHECK(std::isnan(table.runs[1].memory_bytes));
}

TEST_CASE("every number is looked at, and the fault has a place", "[published]") {
  CHECK(fault(accuracy + "a,224,101,99,1\n") ==
        "t.csv:2:7: top1 is '101'; expected a percentage of 0 to 100");
  struct Row {
    std::string text, begins;
  };
  // clang-format off
  const Row rows[] = {
      {accuracy + "a,224,-1,,\n",          "t.csv:2:7: top1 is '-1'"},
      {accuracy + "a,224,1e999,,\n",       "t.csv:2:7: top1 is '1e999'"},
      {accuracy + "a,224,nan,,\n",         "t.csv:2:7: top1 is 'nan'"},
      {accuracy + "a,224,inf,,\n",         "t.csv:2:7: top1 is 'inf'"},
      {accuracy + "a,224,80%,,\n",         "t.csv:2:7: top1 is '80%'"},
      {accuracy + "a,224,0x50,,\n",        "t.csv:2:7: top1 is '0x50'"},
      {accuracy + "a,224,\"80,5\",,\n",    "t.csv:2:7: top1 is '80,5'"},
      {accuracy + "a,224,,,\n",            "t.csv:2:7: top1 is ''"},
      {accuracy + "a,224,80,-0.5,\n",      "t.csv:2:10: top5 is '-0.5'"},
      {accuracy + "a,224,80,,1e30\n",      "t.csv:2:11: param_count is '1e30'"},
      {accuracy + "a,224,80,,\"10,14\"\n", "t.csv:2:11: param_count is '10,14'"},
      {accuracy + "a,224.5,80,,\n",        "t.csv:2:3: img_size is '224.5'; expected an image size in whole pixels"},
      {accuracy + "a,0,80,,\n",            "t.csv:2:3: img_size is '0'"},
      {accuracy + "a,,80,,\n",             "t.csv:2:3: img_size is ''"},
      {accuracy + ",224,80,,\n",           "t.csv:2:1: model is ''; expected an architecture or ARCHITECTURE.TAG"},
      {accuracy + ".a1,224,80,,\n",        "t.csv:2:1: model is '.a1'; expected an architecture before the dot"},
      {accuracy + "\"a\nb\",224,80,,\n",   "t.csv:2:1: model is 'a"},
      {accuracy + std::string(1 << 20, 'x') + ",224,80,,\n", "t.csv:2:1: model is 'xxx"},
      {accuracy + "a.t,224,80,,\nb,224,80,,\na.t,224,81,,\n", "t.csv:4:1: a.t at 224 px again; it is in line 2"},
      {speed + "a,224,0,,\n",              "t.csv:2:7: infer_samples_per_sec is '0'; expected samples per second above 0"},
      {speed + "a,224,-3,,\n",             "t.csv:2:7: infer_samples_per_sec is '-3'"},
      {speed + "a,224,3,1.5,\n",           "t.csv:2:9: infer_batch_size is '1.5'"},
      {speed + "a,224,3,1,-1\n",           "t.csv:2:11: infer_gmacs is '-1'"},
      {speed + "a,224,3,1,\na,224,3,2,\na,224,3,1,\n", "t.csv:4:1: a at 224 px, batch 1 again; it is in line 2"},
      {"dataset,model_name,error_rate,fit_time\np,a,1.5,9\n", "t.csv:2:5: error_rate is '1.5'; expected a share of 0 to 1"},
      {"dataset,model_name,error_rate,fit_time\np,a,0.5,-9\n", "t.csv:2:9: fit_time is '-9'; expected seconds above 0"},
      {"dataset,model_name,error_rate,fit_time\n,a,0.5,9\n", "t.csv:2:1: dataset is ''"},
      {accuracy,                           "t.csv: a header and no rows"},
      {"model;img_size;top1\na;224;80\n",  "t.csv:1:1: one column; separate columns by commas"},
      {"model\timg_size\ttop1\na\t224\t80\n", "t.csv:1:1: one column; separate columns by commas"},
      {"model,top1\na,80\n",               "t.csv:1:1: columns of no table that is known; known are timm's results-*.csv (model,img_size,top1), "},
  };
  // clang-format on
  for (const auto& row : rows) CHECK_THAT(fault(row.text), StartsWith(row.begins));
}

TEST_CASE("a file's name tells how it was measured", "[published]") {
  auto c = conditions("x/benchmark-infer-amp-nhwc-pt113-cu117-rtx3090.csv");
  CHECK(c.device_name == "RTX 3090");
  CHECK(c.dtype == "amp");
  CHECK(c.layout == "channels_last");
  CHECK(c.versions == "PyTorch 1.13, CUDA 11.7");
  c = conditions("benchmark-train-amp_bf16-nchw-pt291-cu128-4090-dynamo.csv");
  CHECK(c.device_name == "RTX 4090");
  CHECK(c.dtype == "amp_bfloat16");
  CHECK(c.layout == "contiguous");
  CHECK(c.versions == "PyTorch 2.9.1, CUDA 12.8, compiled");
  c = conditions("benchmark-infer-fp32-nchw-pt221-cpu-i9_10940x-dynamo.csv");
  CHECK(c.device_name == "cpu i9_10940x");
  CHECK(c.dtype == "float32");
  CHECK(conditions("results-imagenet-real.csv").dataset == "imagenet-real");
  for (const auto* name : {"mine.csv", "benchmark-infer.csv", "benchmark", "", "-----.csv"})
    CHECK(conditions(name).device_name.empty());
  CHECK(conditions("benchmark-infer-amp-nhwc-p-c-.csv").versions.empty());
}
