#include "runner/trial/data/dataset.h"

#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "runner/support/error.h"
#include "runner/trial/data/files.h"
#include "tests/runner/data/folder.h"

using namespace archsweep::runner;
namespace fs = std::filesystem;

namespace {

std::string number(std::uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

// `count` images of 2 x 2 whose pixels are their position; classes 0, 1, 1, 1, 0, 1, 1, 1 ...
void write_idx(const Folder& folder, std::uint32_t count) {
  std::string images = number(0x803) + number(count) + number(2) + number(2);
  std::string labels = number(0x801) + number(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    images += std::string(4, char(i));
    labels += char(i % 4 ? 1 : 0);
  }
  folder.write("train-images-idx3-ubyte", images);
  folder.write("train-labels-idx1-ubyte", labels);
}

DatasetSpec spec_of(const Folder& folder, const std::string& kind) {
  DatasetSpec spec;
  spec.kind = kind;
  spec.root = folder.path.string();
  spec.image_size = spec.stored_size = 2;
  spec.resize = "squish";
  spec.channels = kind == "idx" ? 1 : 3;
  spec.valid_fraction = 0.25;
  spec.bad_images = "skip";
  return spec;
}

std::string photo(const std::string& name) {
  return read_file(std::string(TEST_DATA "/images/") + name);
}

void write_photos(const Folder& folder, const std::string& parent = "") {
  for (const char* kind : {"ants", "bees"})
    for (const char* name : {"a.png", "b.png", "c.png", "d.png"})
      folder.write(parent + kind + "/" + name, photo("rgb.png"));
}

std::string refusal(const DatasetSpec& spec, const Folder& cache) {
  try {
    open_dataset(spec, cache.path);
  } catch (const archsweep::Error& error) {
    return error.what();
  }
  return "";
}

int ones(const Dataset& dataset, const std::vector<std::uint32_t>& side) {
  return int(
      std::count_if(side.begin(), side.end(), [&](auto i) { return dataset.label(i) == 1; }));
}

}  // namespace

TEST_CASE("IDX images come with their labels, split by class") {
  const Folder root, cache;
  write_idx(root, 80);
  const Dataset dataset = open_dataset(spec_of(root, "idx"), cache.path);
  CHECK(dataset.class_names == std::vector<std::string>{"0", "1"});
  REQUIRE(dataset.train.size() == 60);
  REQUIRE(dataset.valid.size() == 20);
  CHECK(ones(dataset, dataset.train) == 45);
  CHECK(ones(dataset, dataset.valid) == 15);
  for (std::uint32_t i = 0; i < 80; ++i) {
    CHECK(dataset.image(i)[3] == i);
    CHECK(dataset.label(i) == (i % 4 ? 1 : 0));
  }
  std::set<std::uint32_t> all(dataset.train.begin(), dataset.train.end());
  all.insert(dataset.valid.begin(), dataset.valid.end());
  CHECK(all.size() == 80);
}

TEST_CASE("a split depends on its seed alone, and a subset keeps the shares") {
  const Folder root, cache, other;
  write_idx(root, 80);
  DatasetSpec spec = spec_of(root, "idx");
  const Dataset first = open_dataset(spec, cache.path), again = open_dataset(spec, other.path);
  CHECK(first.split_hash == again.split_hash);
  CHECK(first.valid == again.valid);
  // The same on every platform and in every version: stored results are compared by it.
  CHECK(std::vector<std::uint32_t>(first.valid.begin(), first.valid.begin() + 5) ==
        std::vector<std::uint32_t>{0, 4, 7, 11, 15});
  spec.train_samples = 20;
  spec.valid_samples = 8;
  const Dataset part = open_dataset(spec, cache.path);
  CHECK(part.train.size() == 20);
  CHECK(ones(part, part.train) == 15);
  CHECK(ones(part, part.valid) == 6);
  CHECK(part.split_hash != first.split_hash);
  spec.split_seed = 43;
  CHECK(open_dataset(spec, cache.path).split_hash != part.split_hash);
  spec.train_samples = 61;
  CHECK_THAT(refusal(spec, cache), Catch::Contains("61 asked for, but there are only 60"));
}

TEST_CASE("damaged IDX files are refused by name and reason") {
  const Folder cache;
  const auto with = [&](const std::string& images) {
    const Folder root;
    write_idx(root, 8);
    root.write("train-images-idx3-ubyte", images);
    return refusal(spec_of(root, "idx"), cache);
  };
  CHECK_THAT(with(""), Catch::Contains("train-images-idx3-ubyte: not an IDX file"));
  CHECK_THAT(with(number(0x803) + number(8)), Catch::Contains("header ends too early"));
  CHECK_THAT(with(number(0x803) + number(8) + number(2) + number(2) + "abc"),
             Catch::Contains("3 bytes of values, but its header promises 32"));
  CHECK_THAT(with(number(0x803) + number(~0u) + number(~0u) + number(~0u)),
             Catch::Contains("absurd"));
  CHECK_THAT(with(number(0xd03) + number(1) + number(2) + number(2)), Catch::Contains("0x0d"));
  CHECK_THAT(with(number(0x803) + number(1) + number(2) + number(2) + "abcd"),
             Catch::Contains("1 images, but 8 labels"));
  CHECK_THAT(with("\x1f\x8b\x08 broken"), Catch::Contains("gzip"));
  const Folder empty;
  CHECK_THAT(refusal(spec_of(empty, "idx"), cache), Catch::Contains("set dataset.root"));
  empty.write("t10k-images-idx3-ubyte", "x");
  CHECK_THAT(refusal(spec_of(empty, "idx"), cache), Catch::Contains("no file like train-"));
}

TEST_CASE("a cache is used again, and made again where it is damaged") {
  const Folder root, cache;
  write_photos(root);
  const DatasetSpec spec = spec_of(root, "image_folder");
  int decoded = 0;
  const auto count = [&](std::size_t done, std::size_t total) { decoded += done == total; };
  const Dataset first = open_dataset(spec, cache.path, count);
  CHECK(decoded == 1);
  open_dataset(spec, cache.path, count);
  CHECK(decoded == 1);
  const fs::path file = fs::directory_iterator(cache.path)->path();
  const std::vector<std::uint8_t> pixels(first.image(0).begin(), first.image(0).end());

  const std::string whole = read_file(file);
  for (const std::string& damaged :
       {whole.substr(0, 40), whole.substr(0, whole.size() - 1), std::string("foreign"),
        std::string(whole.size(), 'x'), std::string()}) {
    decoded = 0;
    fs::remove(file);
    cache.write(file.filename().string(), damaged);
    const Dataset again = open_dataset(spec, cache.path, count);
    CHECK(decoded == 1);
    CHECK(std::equal(pixels.begin(), pixels.end(), again.image(0).begin()));
  }
  CHECK(std::distance(fs::directory_iterator(cache.path), fs::directory_iterator()) == 1);

  decoded = 0;
  root.write("ants/a.png", photo("grey.png"));
  open_dataset(spec, cache.path, count);
  CHECK(decoded == 1);
}

TEST_CASE("a cache folder that cannot be written is named") {
  const Folder root, cache;
  write_idx(root, 8);
  cache.write("file", "");
  try {
    open_dataset(spec_of(root, "idx"), cache.path / "file" / "cache");
    FAIL("no error");
  } catch (const archsweep::Error& error) {
    CHECK(error.code() == archsweep::Exit::environment);
    CHECK_THAT(error.what(), Catch::Contains("file/cache"));
  }
}

TEST_CASE("folders of photos: their own validation images, and hidden files left alone") {
  const Folder root, cache;
  write_photos(root, "train/");
  write_photos(root, "test/");
  root.write("train/ants/.DS_Store", "x");
  root.write("train/.cache/x.png", "x");
  root.write("val/bees/z.png", photo("gif_named.jpg"));
  const Dataset dataset = open_dataset(spec_of(root, "image_folder"), cache.path);
  CHECK(dataset.class_names == std::vector<std::string>{"ants", "bees"});
  CHECK(dataset.train.size() == 8);
  REQUIRE(dataset.valid.size() == 1);
  CHECK(dataset.label(dataset.valid[0]) == 1);
  CHECK(dataset.bad_files.empty());
}

TEST_CASE("bad images are left out and listed, or fail, as wished") {
  const Folder root, cache;
  write_photos(root);
  root.write("ants/e.jpg", photo("truncated.jpg"));
  root.write("bees/f.jpg", "");
  DatasetSpec spec = spec_of(root, "image_folder");
  for (int i = 0; i < 2; ++i) {  // decoded, then from the cache
    const Dataset dataset = open_dataset(spec, cache.path);
    REQUIRE(dataset.bad_files.size() == 2);
    CHECK_THAT(dataset.bad_files[0], Catch::Contains("ants/e.jpg: Premature end"));
    CHECK_THAT(dataset.bad_files[1], Catch::Contains("bees/f.jpg: the file is empty"));
    CHECK(dataset.train.size() + dataset.valid.size() == 8);
  }
  spec.bad_images = "fail";
  CHECK_THAT(refusal(spec, cache),
             Catch::Contains("ants/e.jpg: Premature end") && Catch::Contains("2 unreadable"));
}

TEST_CASE("folders that cannot be a data set are refused") {
  const Folder cache;
  const auto with = [&](const std::string& file, bool photos) {
    const Folder root;
    if (photos) write_photos(root, "train/");
    root.write(file, photo("rgb.png"));
    return refusal(spec_of(root, "image_folder"), cache);
  };
  CHECK_THAT(with("a.png", false), Catch::Contains("no class folders"));
  CHECK_THAT(with("ants/a.png", false), Catch::Contains("only one class (ants)"));
  CHECK_THAT(with("val/ants/a.png", false), Catch::Contains("no train/"));
  CHECK_THAT(with("val/wasps/a.png", true), Catch::Contains("class wasps is not in"));
  CHECK_THAT(with("train/wasps/.hidden", true),
             Catch::Contains("train/wasps: the class folder is empty"));
}
