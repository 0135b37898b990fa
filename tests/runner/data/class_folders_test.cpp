#include "runner/trial/data/class_folders.h"

#include <catch2/catch.hpp>

#include "runner/support/error.h"
#include "runner/trial/data/imagenet.h"
#include "tests/runner/data/folder.h"

using namespace archsweep::runner;

TEST_CASE("folders in natural order are the classes") {
  const Folder folder;
  for (const char* file :
       {"10/a.JPEG", "2/b10.png", "2/b9.jpg", "1/deep/c.jpeg", "1/notes.txt", ".git/d.jpg"})
    folder.write(file, "x");
  const auto all = read_class_folders(folder.path, "", 3);
  CHECK(all.labels == std::vector<std::int64_t>{0, 1, 1, 2});
  CHECK(all.files[1].filename() == "b9.jpg");
  CHECK(all.notes.empty());
}

TEST_CASE("other numbers of folders than classes are explained or refused") {
  const Folder folder;
  for (const char* file : {"ants/a.jpg", "bees/b.jpg"}) folder.write(file, "x");
  CHECK(read_class_folders(folder.path, "", 10).notes.size() == 1);
  CHECK_THROWS_AS(read_class_folders(folder.path, "", 1), archsweep::Error);
  CHECK_THROWS_AS(read_class_folders(folder.path / "ants", "", 1), archsweep::Error);
  CHECK_THROWS_AS(read_class_folders("/nowhere", "", 1), archsweep::Error);
  std::filesystem::remove(folder.path / "ants/a.jpg");
  CHECK(read_class_folders(folder.path, "", 2).labels == std::vector<std::int64_t>{1});
}

TEST_CASE("a class map says which folder is which class") {
  const Folder folder;
  for (const char* file : {"ants/a.jpg", "bees/b.jpg", "cats/c.jpg"}) folder.write(file, "x");
  const auto map = folder.path / "map.txt";
  folder.write("map.txt", "bees\nnone\nants \n");
  const auto all = read_class_folders(folder.path, map, 3);
  CHECK(all.labels == std::vector<std::int64_t>{2, 0});
  CHECK(all.notes.size() == 1);
  CHECK_THROWS_AS(read_class_folders(folder.path, map, 2), archsweep::Error);
  CHECK_THROWS_AS(read_class_folders(folder.path, folder.path / "none.txt", 3), archsweep::Error);
}

TEST_CASE("some of ImageNet's folders are known by their WordNet names") {
  CHECK(imagenet_class("n01440764") == 0);
  CHECK(imagenet_class("n15075141") == 999);
  CHECK_FALSE(imagenet_class("n01440765"));
  CHECK_FALSE(imagenet_class("n0144076x"));
  const Folder folder;
  for (const char* file : {"n01443537/a.jpg", "n15075141/b.jpg"}) folder.write(file, "x");
  CHECK(read_class_folders(folder.path, "", 1000).labels == std::vector<std::int64_t>{1, 999});
  CHECK(read_class_folders(folder.path, "", 2).labels == std::vector<std::int64_t>{0, 1});
}
