#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <future>
#include <optional>
#include <thread>

#include "runner/support/error.h"
#include "runner/trial/data/cache_files.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/data/files.h"
#include "tests/runner/data/folder.h"

using namespace archsweep::runner;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t kib = 1024;

// Eight photos of two classes; an image of 32 pixels takes 3 KiB.
DatasetSpec small_data(const Folder& folder, int side) {
  const auto png = read_file(TEST_DATA "/images/rgb.png");
  for (const char* kind : {"ants", "bees"})
    for (const char* name : {"a.png", "b.png", "c.png", "d.png"})
      folder.write(std::string(kind) + "/" + name, png);
  DatasetSpec spec;
  spec.kind = "image_folder";
  spec.root = folder.path.string();
  spec.image_size = spec.stored_size = side;
  spec.resize = "squish";
  spec.valid_fraction = 0.25;
  spec.bad_images = "skip";
  return spec;
}

void flip_bit(const fs::path& file, std::uint64_t at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(std::streamoff(at));
  const char byte = char(stream.get() ^ 1);
  stream.seekp(std::streamoff(at));
  stream.put(byte);
}

CacheFile only_file(const fs::path& folder) {
  const auto files = list_cache(folder);
  REQUIRE(files.size() == 1);
  return files[0];
}

void use_again_after(const fs::path& file, std::chrono::hours age) {
  fs::last_write_time(file, fs::file_time_type::clock::now() - age);
}

}  // namespace

TEST_CASE("a cache that was altered is made again", "[cache]") {
  const Folder root, cache;
  const auto spec = small_data(root, 32);
  int decoded = 0;
  const auto open = [&](bool check) {
    return open_dataset(spec, cache.path,
                        [&](std::size_t done, std::size_t total) { decoded += done == total; },
                        {.check = check});
  };
  const auto good = open(false);
  CHECK(decoded == 1);
  open(true);
  CHECK(decoded == 1);
  const auto file = only_file(cache.path);
  for (const std::uint64_t at :
       {sizeof(CacheHeader), sizeof(CacheHeader) + 20 * kib, file.header.notes_at() - 1,
        file.header.notes_at(), file.header.json_at() + 3, file.bytes - 1,
        offsetof(CacheHeader, key), offsetof(CacheHeader, json_bytes)}) {
    INFO(at);
    decoded = 0;
    flip_bit(file.path, at);
    const auto again = open(true);
    CHECK(decoded == 1);
    CHECK(again.cache_file == file.path);
    for (std::size_t i = 0; i < good.size(); ++i)
      CHECK(std::ranges::equal(
          again.image(i), read_file(file.path).substr(sizeof(CacheHeader) + i * 3 * kib, 3 * kib),
          [](std::uint8_t a, char b) { return a == std::uint8_t(b); }));
  }
  CHECK(only_file(cache.path).bytes == file.bytes);
}

TEST_CASE("files of a cache: what is in them, who uses them", "[cache]") {
  const Folder root, cache;
  const auto spec = small_data(root, 32);
  CHECK(list_cache(cache.path / "none").empty());
  std::optional<Dataset> dataset = open_dataset(spec, cache.path);
  const auto used = only_file(cache.path);
  CHECK(used.state == CacheState::in_use);
  CHECK(used.dataset == spec.root);
  CHECK(used.header.count == 8);
  CHECK(used.header.side == 32);
  CHECK(used.header.channels == 3);
  CHECK(used.bytes == fs::file_size(used.path));
  CHECK_FALSE(remove_cache(used.path));
  CHECK(fs::exists(used.path));

  auto held = use_cache(used.path);  // as a sweep does between its trials
  REQUIRE(held);
  dataset.reset();
  CHECK(only_file(cache.path).state == CacheState::in_use);
  held.reset();
  CHECK(only_file(cache.path).state == CacheState::idle);

  use_again_after(used.path, std::chrono::hours(100));
  const auto old = only_file(cache.path).last_used;
  open_dataset(spec, cache.path);
  CHECK(only_file(cache.path).last_used >= old + 99 * 3600);
  CHECK(remove_cache(used.path));
  CHECK_FALSE(use_cache(used.path));

  cache.write("a.images", "");
  cache.write("b.images.part", std::string(100, 'x'));
  cache.write("c.images", std::string(1000, 'x'));
  cache.write("note.txt", "x");
  const auto files = list_cache(cache.path);
  REQUIRE(files.size() == 3);
  for (const auto& file : files) {
    CHECK(file.state ==
          (file.path.extension() == ".part" ? CacheState::unfinished : CacheState::foreign));
    CHECK(remove_cache(file.path));
  }
  CHECK(fs::exists(cache.path / "note.txt"));
}

TEST_CASE("the caches used longest ago make room, those in use stay", "[cache]") {
  const Folder roots[4], cache;
  const CacheRules rules{.most_bytes = 60 * kib};  // two of 25 KiB
  const auto open = [&](int i) {
    return open_dataset(small_data(roots[i], 32), cache.path, {}, rules);
  };
  const auto first = open(0).cache_file, second = open(1).cache_file;
  CHECK(list_cache(cache.path).size() == 2);
  use_again_after(first, std::chrono::hours(2));
  use_again_after(second, std::chrono::hours(3));
  const auto third = open(2).cache_file;
  CHECK(fs::exists(first));
  CHECK_FALSE(fs::exists(second));
  CHECK(fs::exists(third));

  const auto held = use_cache(first);
  const auto in_use = open(2);
  try {
    open(3);
    FAIL("no error");
  } catch (const archsweep::Error& error) {
    CHECK(error.code() == archsweep::Exit::environment);
    CHECK_THAT(error.what(), Contains("these images take 24.2 KiB, and of the 60 KiB of "
                                      "output.cache_gib 48.4 KiB are in use; raise it"));
  }
  CHECK(list_cache(cache.path).size() == 2);
  CHECK_THROWS_AS(open_dataset(small_data(roots[3], 64), cache.path, {}, rules), archsweep::Error);
  CHECK(list_cache(cache.path).size() == 2);
}

TEST_CASE("who makes room for a cache waits for the others who do", "[cache]") {
  const Folder roots[2], cache, elsewhere;
  const auto other = open_dataset(small_data(roots[0], 32), elsewhere.path).cache_file;
  const archsweep::Fd turn(::open(cache.path.c_str(), O_RDONLY | O_DIRECTORY));
  REQUIRE(::flock(turn.get(), LOCK_EX) == 0);
  auto opening = std::async(std::launch::async, [&] {
    return open_dataset(small_data(roots[1], 32), cache.path, {}, {.most_bytes = 40 * kib});
  });
  // It has begun, and finds what another has written in the meantime: 25 of the 40 KiB.
  while (list_cache(cache.path).empty()) std::this_thread::yield();
  CHECK(opening.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout);
  fs::copy(other, cache.path / other.filename());
  const auto held = use_cache(cache.path / other.filename());
  ::flock(turn.get(), LOCK_UN);
  CHECK_THROWS_WITH(opening.get(), Contains("24.2 KiB are in use"));
}

TEST_CASE("an image in both parts is told, however it is stored", "[cache]") {
  const Folder root, cache;
  const auto photo = [](const std::string& name) { return read_file(TEST_DATA "/images/" + name); };
  root.write("train/ants/1.png", photo("rgb.png"));
  root.write("train/ants/2.png", photo("grey.png"));
  root.write("train/bees/3.png", photo("alpha.png"));
  root.write("val/ants/copy.png", photo("rgb.png"));
  root.write("val/ants/coded.bmp", photo("rgb.bmp"));
  root.write("val/bees/coded.webp", photo("lossless.webp"));
  root.write("val/bees/lossy.jpg", photo("rgb.jpg"));
  DatasetSpec spec;
  spec.kind = "image_folder";
  spec.root = root.path.string();
  spec.image_size = spec.stored_size = 32;
  spec.resize = "squish";
  spec.bad_images = "fail";
  auto shared = shared_images(open_dataset(spec, cache.path));
  std::ranges::sort(shared);
  const auto base = root.path.string();
  CHECK(shared ==
        std::vector<std::string>{base + "/val/ants/coded.bmp = " + base + "/train/ants/1.png",
                                 base + "/val/ants/copy.png = " + base + "/train/ants/1.png",
                                 base + "/val/bees/coded.webp = " + base + "/train/ants/1.png"});
}
