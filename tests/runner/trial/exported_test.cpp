#include "tests/torch_test.h"

#include "runner/trial/exported.h"

#include <unistd.h>

#include <iterator>

#include <nlohmann/json.hpp>

#include "archs/weights/tensors.h"
#include "runner/support/error.h"
#include "runner/support/whole_file.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::runner;
using Catch::Matchers::Contains;
using Catch::Matchers::EndsWith;
namespace fs = std::filesystem;

namespace {

// A network that was never trained, and where it is exported to.
struct Export : Folder {
  fs::path config = path / "m/config.json", weights = path / "m/model.safetensors";

  void write(int seed, const fs::path& name = "m") const {
    torch::manual_seed(static_cast<std::uint64_t>(seed));
    Trained trained{.dtype = "float32", .class_names = {"ants", "bees"}};
    trained.spec.architecture = "test_resnet";
    trained.spec.dataset = {
        .kind = "image_folder", .image_size = 32, .stored_size = 32, .resize = "crop"};
    const auto network =
        archs::build("test_resnet", {.num_classes = 2, .in_chans = 3, .image_size = 32});
    write_exported(path / name, trained, *network, "{}");
  }
  void edit(const nlohmann::json& patch) const {
    auto json = nlohmann::ordered_json::parse(content_of(config));
    json.merge_patch(patch);
    REQUIRE(replace_file(config, json.dump()));
  }
  // "": it can be read.
  std::string fault(const fs::path& name = "m") const {
    try {
      Exported(path / name, torch::kCPU);
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  }
  std::string write_fault(int seed) const {
    try {
      write(seed);
      return "";
    } catch (const Error& e) {
      return e.what();
    }
  }
};

}  // namespace

TEST_CASE("the files of two exports are no pair", "[exported]") {
  const Export e;
  e.write(1);
  e.write(2, "other");
  CHECK(e.fault() == "");
  fs::copy_file(e.path / "other/config.json", e.config, fs::copy_options::overwrite_existing);
  CHECK_THAT(e.fault(),
             EndsWith("m: config.json and model.safetensors are not of one export; export again"));
  e.write(1);
  CHECK(e.fault() == "");
  // The same network of the same trial has the same files, to the byte.
  e.write(1, "again");
  CHECK(content_of(e.config) == content_of(e.path / "again/config.json"));
  CHECK(content_of(e.weights) == content_of(e.path / "again/model.safetensors"));

  // Before there were ids; one half of such a pair goes with no other.
  const auto config = content_of(e.config), weights = content_of(e.weights);
  e.edit({{"archsweep", {{"id", nullptr}}}});
  CHECK_THAT(e.fault(), Contains("export again"));
  archs::write_tensors(e.weights, archs::read_tensors(e.weights));
  CHECK(e.fault() == "");
  REQUIRE(replace_file(e.config, config));
  CHECK_THAT(e.fault(), Contains("export again"));
  e.edit({{"archsweep", {{"id", 7}}}});
  CHECK_THAT(e.fault(), Contains("not of `archsweep export`"));
}

TEST_CASE("an export that cannot be written leaves the old pair", "[exported]") {
  const Export e;
  e.write(1);
  const auto config = content_of(e.config), weights = content_of(e.weights);
  // Where the new config would be written first.
  const auto in_the_way = e.config.string() + "." + std::to_string(::getpid()) + ".partial";
  fs::create_directories(fs::path(in_the_way) / "x");
  CHECK_THAT(e.write_fault(2), Contains("cannot be written"));
  CHECK(content_of(e.config) == config);
  CHECK(content_of(e.weights) == weights);
  fs::remove_all(in_the_way);
  CHECK(std::distance(fs::directory_iterator(e.path / "m"), {}) == 2);
}

TEST_CASE("what an interrupted export left is no obstacle, what others left is", "[exported]") {
  const Export e;
  e.write(1);
  fs::remove(e.config);
  e.Folder::write("m/config.json.12.partial", "{");
  e.Folder::write("m/model.safetensors.12.partial", "half");
  e.Folder::write("m/model.safetensors.12.partial.12.partial", "half");
  CHECK(e.write_fault(2) == "");
  CHECK(e.fault() == "");
  CHECK(std::distance(fs::directory_iterator(e.path / "m"), {}) == 2);

  // Weights of another program.
  const auto tensors = archs::read_tensors(e.weights);
  fs::remove(e.config);
  archs::write_tensors(e.weights, tensors);
  CHECK_THAT(e.write_fault(2), EndsWith("m: holds something else; name an empty folder"));
  fs::remove(e.weights);
  fs::create_directory(e.config);
  CHECK_THAT(e.write_fault(2), EndsWith("m: holds something else; name an empty folder"));
  CHECK_THAT(e.fault(), Contains("config.json: not a regular file"));
}

TEST_CASE("words of a config that no export has are refused with the file", "[exported]") {
  const Export e;
  e.write(1);
  const auto fault = [&](const nlohmann::json& input) {
    e.write(1);
    e.edit({{"archsweep", {{"input", input}}}});
    const auto message = e.fault();
    return message.substr(message.find("config.json"));
  };
  CHECK(fault({{"resize", "bar"}}) ==
        "config.json: resize 'bar': expected one of crop, squish, pad");
  CHECK(fault({{"layout", "bar"}}) ==
        "config.json: layout 'bar': expected one of auto, channels_last, contiguous");
  CHECK_THAT(fault({{"precision", "foo"}}),
             Catch::Matchers::StartsWith("config.json: precision 'foo': expected auto, float32"));
  e.write(1);
  e.edit({{"architecture", "test_resnett"}});
  CHECK_THAT(e.fault(), Contains("config.json: unknown architecture 'test_resnett'"));
}
