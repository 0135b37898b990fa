// Where images and labels come from: folders, names, lists, tables, tar files, CIFAR.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <set>

#include "runner/support/error.h"
#include "runner/trial/data/dataset.h"
#include "runner/trial/data/files.h"
#include "runner/trial/data/image_files.h"
#include "runner/trial/data/source.h"
#include "tests/runner/data/folder.h"

using namespace archsweep::runner;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

using Names = std::vector<std::string>;

DatasetSpec photos(const fs::path& root) {
  return {.kind = "image_folder",
          .root = root.string(),
          .image_size = 8,
          .stored_size = 8,
          .resize = "squish",
          .valid_fraction = 0.25,
          .bad_images = "skip"};
}

const std::string& png() {
  static const auto bytes = read_file(TEST_DATA "/images/rgb.png");
  return bytes;
}

Folder pets() {
  Folder folder;
  for (const char* breed : {"Abyssinian", "american_pit_bull_terrier", "Egyptian_Mau"})
    for (int i = 1; i <= 4; ++i)
      folder.write("images/" + std::string(breed) + "_" + std::to_string(i) + ".jpg", png());
  folder.write("images/Abyssinian_1.mat", "no image");
  return folder;
}

// File names by class.
std::map<std::string, std::set<std::string>> shown(const Source& source) {
  std::map<std::string, std::set<std::string>> all;
  for (std::size_t i = 0; i < source.labels.size(); ++i)
    all[source.class_names[std::size_t(source.labels[i])]].insert(
        fs::path(source.name(i)).filename());
  return all;
}

std::string part_names(const Source& source) {
  std::string text;
  for (const auto part : source.parts) text += "etv"[int(part)];
  return text;
}

template <typename Act>
std::string refusal(Act&& act) {
  try {
    act();
  } catch (const archsweep::Error& error) {
    return error.what();
  }
  return "accepted";
}

void make_tar(const Folder& from, const fs::path& file, const std::string& options = "") {
  const auto command =
      "tar " + options + " -cf " + file.string() + " -C " + from.path.string() + " .";
  REQUIRE(std::system(command.c_str()) == 0);
}

}  // namespace

TEST_CASE("the class is told by the file's name", "[sources]") {
  const auto folder = pets();
  auto spec = photos(folder.path / "images");
  spec.pattern = R"(^(.*)_\d+\.jpg$)";
  folder.write("images/note.png", png());
  const auto source = open_photos(spec);
  CHECK(source.class_names == Names{"Abyssinian", "Egyptian_Mau", "american_pit_bull_terrier"});
  CHECK(shown(source)["american_pit_bull_terrier"].contains("american_pit_bull_terrier_4.jpg"));
  CHECK(source.labels.size() == 12);
  REQUIRE(source.left_out.size() == 1);  // the .mat file never was an image
  CHECK_THAT(source.left_out[0], Contains("note.png: its name does not match"));

  const Folder cache;
  CHECK(open_dataset(spec, cache.path).bad_files == source.left_out);
  spec.bad_images = "fail";
  CHECK_THAT(refusal([&] { open_dataset(spec, cache.path); }), Contains("note.png"));
  spec.pattern = R"(^(\d+)x$)";
  CHECK_THAT(refusal([&] { open_photos(spec); }), Contains("none of 14 files matches"));
}

TEST_CASE("lists say which images are used and held out", "[sources]") {
  const auto folder = pets();
  folder.write("trainval.txt",
               "# image class species breed\nAbyssinian_1 1 1 1\r\nAbyssinian_2 1 1 1\n"
               "\nEgyptian_Mau_3 2 1 1\n");
  folder.write("test.txt", "images/Egyptian_Mau_4.jpg\n");
  auto spec = photos(folder.path);
  spec.pattern = R"(^(.*)_\d+\.jpg$)";
  spec.train_list = folder.path / "trainval.txt";
  auto source = open_photos(spec);
  CHECK(source.labels.size() == 3);
  CHECK(part_names(source) == "eee");
  spec.valid_list = folder.path / "test.txt";
  source = open_photos(spec);
  CHECK(part_names(source) == "tttv");
  spec.train_list = "";
  source = open_photos(spec);
  CHECK(source.labels.size() == 12);
  CHECK(std::ranges::count(source.parts, Part::valid) == 1);

  spec.train_list = folder.path / "trainval.txt";
  folder.write("test.txt", "Abyssinian_1\n");
  CHECK_THAT(refusal([&] { open_photos(spec); }), Contains("test.txt:1: 'Abyssinian_1' is in"));
  folder.write("test.txt", "\nAbyssinian_9\n");
  CHECK_THAT(refusal([&] { open_photos(spec); }), Contains("test.txt:2: no image 'Abyssinian_9'"));
  folder.write("test.txt", "# nothing\n");
  CHECK_THAT(refusal([&] { open_photos(spec); }), Contains("test.txt: names no image"));
  folder.write("other/Abyssinian_1.jpg", png());
  CHECK_THAT(refusal([&] { open_photos(spec); }),
             Contains("trainval.txt:2: 'Abyssinian_1' may be"));
}

TEST_CASE("a table tells paths, labels and parts", "[sources]") {
  const auto folder = pets();
  auto spec = photos(folder.path);
  spec.kind = "csv";
  spec.table = folder.path / "labels.csv";
  const auto with = [&](const std::string& text) {
    folder.write("labels.csv", text);
    return open_photos(spec);
  };
  const auto refused = [&](const std::string& text) { return refusal([&] { with(text); }); };
  auto source = with(
      "\xEF\xBB\xBFpath,label\nimages/Abyssinian_1.jpg,cat\n"
      "\"images/american_pit_bull_terrier_1.jpg\",\"dog, large\"\n./images/Abyssinian_2.jpg,cat\n");
  CHECK(source.class_names == Names{"cat", "dog, large"});
  CHECK(part_names(source) == "eee");
  source = with(
      "label\tfile\tsplit\na\timages/Abyssinian_1.jpg\ttrain\nb\timages/Egyptian_Mau_1.jpg\tvalid\n"
      "a\timages/Abyssinian_2.jpg\ttest\n");
  CHECK(part_names(source) == "tv");
  source = with(
      "fname;label;is_valid\nimages/Abyssinian_1.jpg;a;False\nimages/Egyptian_Mau_1.jpg;b;True\n");
  CHECK(part_names(source) == "tv");
  source = with(
      "path,label,split\nimages/Abyssinian_1.jpg,a,train\nimages/Egyptian_Mau_1.jpg,b,train\n");
  CHECK(part_names(source) == "ee");  // the fraction decides what is held out

  source = with("path,label\nimages/Abyssinian_1.jpg,a\nimages/gone.jpg,b\n");
  REQUIRE(source.left_out.size() == 1);
  CHECK_THAT(source.left_out[0], Contains("labels.csv:3:1: no file 'images/gone.jpg'"));
  CHECK_THAT(refused("path,label\ngone.jpg,a\n"), Contains("paths are from dataset.root"));
  CHECK_THAT(refused("path,label\nimages/Abyssinian_1.jpg,a\nimages/Abyssinian_1.jpg,b\n"),
             Contains("labels.csv:3:1: 'images/Abyssinian_1.jpg' stands in line 2"));
  CHECK_THAT(refused("path,label\nimages/Abyssinian_1.jpg,\n"),
             Contains("labels.csv:2:25: no label"));
  CHECK_THAT(refused("path,label,split\nimages/Abyssinian_1.jpg,a,trian\n"),
             Contains("'trian' is none of"));
  CHECK_THAT(refused("photo,label\nx,y\n"),
             Contains("no column named path") && Contains("it has photo, label"));
  CHECK_THAT(refused("path,label\nimages/Abyssinian_1.jpg\n"),
             Contains("labels.csv:2:1: 1 fields"));
  CHECK_THAT(refused("path,label\n"), Contains("no row names an image"));
  spec.label_column = "breed";
  CHECK_THAT(refused("path,label\nx,y\n"), Contains("no column breed"));
}

TEST_CASE("a table tells how much images count in training", "[sources]") {
  const auto folder = pets();
  const Folder cache;
  auto spec = photos(folder.path);
  spec.kind = "csv";
  spec.table = folder.path / "labels.csv";
  const auto open = [&](const std::string& column, const std::vector<std::string>& weights) {
    std::string text = "path,label,split," + column + "\n";
    const char* names[] = {"Abyssinian_1,a,train", "Abyssinian_2,a,valid", "Egyptian_Mau_1,b,train",
                           "Egyptian_Mau_2,b,valid"};
    for (std::size_t i = 0; i < 4; ++i) {
      auto line = "images/" + std::string(names[i]) + "," + weights[i] + "\n";
      text += line.insert(line.find(','), ".jpg");
    }
    folder.write("labels.csv", text);
    return open_dataset(spec, cache.path);
  };
  const auto weighted = open("weight", {"0.5", "1", "2e1", "0"});
  REQUIRE(weighted.size() == 4);
  for (std::size_t i = 0; i < 4; ++i)
    CHECK(weighted.weight(i) == std::vector<float>{0.5, 1, 20, 0}[i]);
  CHECK(open("weight", {"0.5", "3", "20", "7"}).split_hash == weighted.split_hash);
  CHECK(open("weight", {"0.5", "1", "21", "0"}).split_hash != weighted.split_hash);

  const auto plain = open("remark", {"0.5", "1", "20", "0"});
  CHECK(plain.weights == nullptr);
  CHECK(plain.weight(2) == 1);
  CHECK(plain.split_hash != weighted.split_hash);
  CHECK(plain.cache_file == weighted.cache_file);  // the same pixels
  spec.weight_column = "remark";
  CHECK(open("remark", {"0.5", "1", "20", "0"}).split_hash == weighted.split_hash);
  CHECK_THAT(refusal([&] { open("weight", {"1", "1", "1", "1"}); }), Contains("no column remark"));
  spec.weight_column.clear();
  for (const auto* wrong : {"-1", "inf", "nan", "1e99", "1x", "", "heavy"})
    CHECK_THAT(refusal([&] {
                 open("weight", {"1", wrong, "1", "1"});
               }),
               Contains("labels.csv:3:") &&
                   Contains("weight '" + std::string(wrong) + "' is no number of 0 or more"));
  CHECK_THAT(refusal([&] {
               open("weight", {"0", "1", "0", "1"});
             }),
             Contains("every image to train on has weight 0"));
}

TEST_CASE("images in a tar file are read in place", "[sources]") {
  const Folder folder, tars, cache;
  const std::string deep(95, 'd');  // a name that needs an extension
  for (const char* kind : {"ants", "bees"})
    for (int i = 0; i < 4; ++i)
      folder.write("train/" + std::string(kind) + "/" + deep + "/" + std::to_string(i) + ".png",
                   png());
  folder.write("val/bees/z.png", png());
  folder.write(".hidden/x.png", png());
  const auto plain = open_dataset(photos(folder.path), cache.path);
  for (const char* format : {"gnu", "pax", "ustar"}) {
    const auto file = tars.path / (std::string(format) + ".tar");
    make_tar(folder, file, std::string("--format=") + format);
    const auto dataset = open_dataset(photos(file), cache.path);
    CHECK(dataset.class_names == plain.class_names);
    CHECK(dataset.split_hash == plain.split_hash);
    CHECK(dataset.bad_files.empty());
    CHECK(std::ranges::equal(dataset.image(3), plain.image(3)));
  }
  const auto good = read_file(tars.path / "gnu.tar");
  const auto refused = [&](const std::string& bytes) {
    tars.write("bad.tar", bytes);
    return refusal([&] { list_tar(tars.path / "bad.tar"); });
  };
  CHECK_THAT(refused(good.substr(0, 5000)), Contains("bad.tar: cut short"));
  auto damaged = good;
  damaged[700] ^= 1, damaged[1030] ^= 1;
  CHECK_THAT(refused(damaged), Contains("damaged at byte"));
  CHECK_THAT(refused(png()), Contains("cut short") || Contains("not a tar file"));
  CHECK_THAT(refused("\x1f\x8b\x08 packed"), Contains("gunzip"));
  CHECK_THAT(refusal([&] { list_images(tars.path / "gone"); }), Contains("gone: No such file"));
}

TEST_CASE("CIFAR's binary files", "[sources]") {
  const Folder root, cache;
  std::string batch;
  for (int i = 0; i < 20; ++i) {
    batch += char(i % 10);
    for (int plane = 0; plane < 3; ++plane) batch += std::string(1024, char(10 * plane + i));
  }
  for (int b = 1; b <= 5; ++b)
    root.write("cifar-10-batches-bin/data_batch_" + std::to_string(b) + ".bin", batch);
  root.write("cifar-10-batches-bin/batches.meta.txt",
             "airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n");
  auto spec = photos(root.path);
  spec.kind = "cifar10";
  spec.image_size = spec.stored_size = 32;
  const auto dataset = open_dataset(spec, cache.path);
  CHECK(dataset.class_names[9] == "truck");
  REQUIRE(dataset.size() == 100);
  CHECK(dataset.label(13) == 3);
  CHECK(int(dataset.image(13)[0]) == 13);
  CHECK(int(dataset.image(13)[1]) == 23);
  CHECK(int(dataset.image(13)[3 * 1023 + 2]) == 33);
  CHECK(dataset.valid.size() == 30);  // 2.5 of 10 in each class: rounded up

  root.write("cifar-10-batches-bin/data_batch_2.bin", batch.substr(1));
  CHECK_THAT(refusal([&] { open_dataset(spec, cache.path); }),
             Contains("no whole number of records of 3073"));
  batch[0] = 10;
  root.write("cifar-10-batches-bin/data_batch_2.bin", batch);
  CHECK_THAT(refusal([&] { open_dataset(spec, cache.path); }), Contains("label 10 at byte 0"));
  root.write("cifar-100-binary/train.bin", std::string("\x01\x07") + std::string(3072, 'x') +
                                               "\x02\x08" + std::string(3072, 'y'));
  CHECK(open_cifar(root.path, "cifar100").labels == std::vector<std::int32_t>{7, 8});
}

TEST_CASE("folds hold out every image once", "[sources]") {
  const auto folder = pets();
  const Folder cache;
  auto spec = photos(folder.path / "images");
  spec.pattern = R"(^(.*)_\d+\.jpg$)";
  spec.folds = 4;
  std::multiset<std::uint32_t> held;
  std::set<std::string> hashes;
  for (spec.fold = 0; spec.fold < 4; ++spec.fold) {
    const auto dataset = open_dataset(spec, cache.path);
    CHECK(dataset.valid.size() == 3);  // one of each class
    held.insert(dataset.valid.begin(), dataset.valid.end());
    hashes.insert(dataset.split_hash);
  }
  CHECK(held.size() == 12);
  CHECK(std::set(held.begin(), held.end()).size() == 12);
  CHECK(hashes.size() == 4);
}
