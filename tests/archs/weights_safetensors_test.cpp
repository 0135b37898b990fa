#include "archs/weights/safetensors.h"

#include <catch2/catch.hpp>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "runner/support/error.h"

using namespace archsweep::archs;

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file with this header and so many bytes of data.
std::string file_of(const std::string& header, std::size_t data = 0) {
  std::string file(8, '\0');
  for (int i = 0; i < 8; ++i) file[i] = char(header.size() >> (8 * i));
  return file + header + std::string(data, '\0');
}

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::string fault_of(const std::string& file) {
  try {
    parse_safetensors(bytes_of(file), "x");
  } catch (const archsweep::Error& e) {
    CHECK(e.code() == archsweep::Exit::usage);
    CHECK(std::string(e.what()).find('\n') == std::string::npos);
    return e.what();
  }
  return "no fault";
}

// The fault of a header, over 8 bytes of data.
std::string fault_of_header(const std::string& header) {
  return fault_of(file_of(header, 8));
}

struct Scratch {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / "archsweep_test.safetensors";
  ~Scratch() { std::filesystem::remove(path); }
};

const std::string every_dtype = TEST_DATA "/weights/every_dtype.safetensors";

}  // namespace

TEST_CASE("what Python's safetensors wrote is read, and written to the same bytes") {
  const MappedSafetensors file(every_dtype);
  const auto& content = file.content();
  REQUIRE(content.tensors.size() == 18);
  CHECK(content.metadata == Metadata{{"format", "pt"}});
  for (const auto& tensor : content.tensors)
    if (tensor.name == "f32") {
      CHECK(tensor.dtype == Dtype::f32);
      CHECK(tensor.shape == std::vector<std::int64_t>{2, 3});
      float last = 0;
      REQUIRE(tensor.data.size() == 24);
      std::memcpy(&last, tensor.data.data() + 20, sizeof last);
      CHECK(last == 6);
    }
  const Scratch scratch;
  auto shuffled = content.tensors;
  std::reverse(shuffled.begin(), shuffled.end());
  write_safetensors(scratch.path, shuffled, content.metadata);
  CHECK(read(scratch.path) == read(every_dtype));
}

TEST_CASE("an empty safetensors file has no tensors") {
  CHECK(parse_safetensors(bytes_of(file_of("{}")), "x").tensors.empty());
  CHECK(parse_safetensors(bytes_of(file_of("{}     ")), "x").tensors.empty());
}

TEST_CASE("a file cut off anywhere is refused") {
  const auto whole = read(every_dtype);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK(fault_of(whole.substr(0, size)).starts_with("x: "));
  }
  CHECK(fault_of(whole + " ") == "x: 1 bytes after the last tensor");
}

TEST_CASE("every fault of a header is named") {
  const auto tensor = [](const std::string& fields) { return "{\"a\":{" + fields + "}}"; };
  const std::string rest = "\"dtype\":\"F32\",\"shape\":[2]";
  const std::string good = rest + ",\"data_offsets\":[0,8]";
  REQUIRE(fault_of_header(tensor(good)) == "no fault");

  // clang-format off
  const std::pair<std::string, std::string> cases[] = {
      {"", "x: the header is not an object"},
      {"[]", "x: the header is not an object"},
      {" {}", "x: the header is not an object"},
      {"{", "x: the header is not JSON (byte 10)"},
      {"{} {}", "x: the header is not JSON (byte 12)"},
      {"{\"a\":1}", "x: tensor 'a': expected an object"},
      {"{\"a\":[]}", "x: tensor 'a': expected an object"},
      {"{\"\xff\":{}}", "x: the header is not JSON (byte 11)"},
      {tensor(""), "x: tensor 'a': no dtype"},
      {tensor("\"dtype\":\"F32\",\"shape\":[2]"), "x: tensor 'a': no data_offsets"},
      {tensor(good + ",\"more\":1"), "x: tensor 'a': unknown field 'more'"},
      {tensor(good + ",\"dtype\":\"F32\""), "x: tensor 'a': dtype occurs twice"},
      {tensor("\"dtype\":\"F33\""), "x: tensor 'a': dtype 'F33' is not supported"},
      {"{\"a\":{" + good + "},\"a\":{" + good + "}}", "x: tensor 'a' occurs twice"},
      {"{\"__metadata__\":{\"k\":\"1\",\"k\":\"2\"}}", "x: metadata 'k' occurs twice"},
      {"{\"__metadata__\":{\"k\":1}}", "x: the metadata are not pairs of text"},
      {"{\"__metadata__\":{\"k\":{}}}", "x: the metadata are not pairs of text"},
      {"{\"__metadata__\":\"k\"}", "x: the metadata are not pairs of text"},
      {tensor(rest + ",\"data_offsets\":[8,0]"), "x: tensor 'a': its bytes end before they begin"},
      {tensor(rest + ",\"data_offsets\":[8,16]"), "x: tensor 'a': 8 bytes before it belong to no tensor"},
      {tensor(rest + ",\"data_offsets\":[0,16]"), "x: tensor 'a': its bytes end at 16, but the file has only 8 (truncated?)"},
      {tensor(rest + ",\"data_offsets\":[0,4]"), "x: tensor 'a': 4 bytes for a shape and dtype that need 8"},
      {tensor("\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]"), "x: 4 bytes after the last tensor"},
      {tensor("\"dtype\":\"F32\",\"shape\":[9223372036854775807,2],\"data_offsets\":[0,8]"), "x: tensor 'a': its size overflows"},
      {tensor("\"dtype\":\"F32\",\"shape\":[0,4611686018427387904,2],\"data_offsets\":[0,0]"), "x: tensor 'a': its size overflows"},
      {tensor("\"dtype\":\"F32\",\"shape\":[9223372036854775807],\"data_offsets\":[0,8]"), "x: tensor 'a': its size overflows"},
      {tensor("\"dtype\":\"F32\",\"shape\":[18446744073709551615],\"data_offsets\":[0,8]"), "x: tensor 'a': a dimension is too large"},
      {"{\"a\":{\"dtype\":\"U8\",\"shape\":[5],\"data_offsets\":[0,5]},\"b\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[4,8]}}", "x: tensor 'b': its bytes overlap another tensor's"},
  };
  // clang-format on
  for (const auto& [header, fault] : cases) {
    INFO(header);
    CHECK(fault_of_header(header) == fault);
  }

  const std::string shapeless[] = {"-1",  "1.5", "\"2\"",     "null", "true",
                                   "[2]", "1e3", "{\"a\":1}", "1,[",  "18446744073709551616"};
  for (const auto& element : shapeless) {
    INFO(element);
    CHECK(fault_of_header(tensor("\"dtype\":\"F32\",\"shape\":[" + element +
                                 "],\"data_offsets\":[0,8]")) != "no fault");
    CHECK(fault_of_header(tensor(rest + ",\"data_offsets\":[0," + element + "]")) != "no fault");
  }
  for (const auto* offsets : {"[]", "[0]", "[0,8,8]", "8"})
    CHECK(fault_of_header(tensor(rest + ",\"data_offsets\":" + offsets)) != "no fault");
}

TEST_CASE("a hostile header costs neither memory nor stack") {
  CHECK(fault_of(std::string(8, '\xff')).find("over the limit") != std::string::npos);
  CHECK(fault_of(file_of("{}").substr(0, 8) + "{") ==
        "x: the header of 2 bytes is cut off; the file has 9 bytes");
  const std::string deep(1'000'000, '[');
  CHECK(fault_of(file_of("{\"a\":" + deep)) == "x: tensor 'a': expected an object");
  CHECK(fault_of(file_of("{\"a\":{\"shape\":" + deep)).find("expected dtype") != std::string::npos);
  std::string objects = "{\"a\":";
  for (int i = 0; i < 100'000; ++i) objects += "{\"shape\":";
  CHECK(fault_of(file_of(objects)).find("expected dtype") != std::string::npos);
  std::string ones = "1";
  for (int i = 0; i < 100'000; ++i) ones += ",1";
  CHECK(fault_of(file_of("{\"a\":{\"shape\":[" + ones)) ==
        "x: tensor 'a': more than 32 dimensions");
  CHECK(fault_of(file_of("{\"" + std::string(1'000'000, 'n') + "\":1}")).size() < 200);
}

TEST_CASE("what is no file is refused with a reason") {
  const auto fault = [](const std::string& path) -> std::string {
    try {
      MappedSafetensors{path};
    } catch (const archsweep::Error& e) {
      return e.what();
    }
    return "no fault";
  };
  CHECK(fault("/nowhere/x.safetensors") ==
        "/nowhere/x.safetensors: cannot open it: No such file or directory");
  CHECK(fault("/dev/null") == "/dev/null: not a regular file");
  CHECK(fault(TEST_DATA) == TEST_DATA ": not a regular file");
  CHECK(fault(TEST_DATA "/images/empty.jpg") == TEST_DATA "/images/empty.jpg: the file is empty");
}

TEST_CASE("a file that cannot be written leaves nothing behind") {
  CHECK_THROWS_AS(write_safetensors("/nowhere/x.safetensors", {}), archsweep::Error);
  CHECK_FALSE(std::filesystem::exists("/nowhere"));
}
