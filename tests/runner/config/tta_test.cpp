#include <catch2/catch.hpp>

#include "runner/config/config.h"
#include "tests/runner/data/folder.h"

using namespace archsweep::runner;
using Catch::Matchers::Contains;

TEST_CASE("test-time augmentation needs other views of an image") {
  const Folder folder;
  folder.write("data/empty", "");
  const auto read = [&](const std::string& views, const std::string& augmentation) {
    folder.write("c.yaml",
                 "dataset: {kind: idx, root: data, image_size: 32}\n"
                 "architectures: [test_resnet]\n"
                 "measurement: {tta: " +
                     views + "}\naugmentation: " + augmentation + "\n");
    return read_config(folder.path / "c.yaml").measurement.tta;
  };
  CHECK(read("4", "fastai") == 4);
  CHECK(read("0", "none") == 0);
  for (const auto* augmentation : {"none", "[]", "[mixup, random_erasing]"})
    CHECK_THROWS_WITH(
        read("4", augmentation),
        Contains("c.yaml:3:20: measurement.tta: augmentation has no step that makes another view"));
  CHECK_THROWS_WITH(read("101", "fastai"),
                    Contains("c.yaml:3:20: measurement.tta: must be from 0 to 100"));
}
