#include "tests/torch_test.h"

#include <filesystem>

#include "archs/network.h"
#include "archs/weights/load.h"
#include "runner/support/error.h"

using namespace archsweep::archs;

namespace {

struct Scratch {
  std::filesystem::path path =
      std::filesystem::temp_directory_path() / "archsweep_load_test.safetensors";
  ~Scratch() { std::filesystem::remove(path); }
};

std::shared_ptr<Network> network(const BuildOptions& options = {},
                                 const char* name = "test_resnet") {
  torch::manual_seed(options.num_classes + 7);
  return build(name, options);
}

NamedTensors tensors_of(const Network& from) {
  NamedTensors tensors;
  for (const auto& [key, tensor] : state_dict(from))
    tensors.emplace_back(key, tensor.detach().clone());
  return tensors;
}

torch::Tensor& get(NamedTensors& tensors, const std::string& key) {
  for (auto& [name, tensor] : tensors)
    if (name == key) return tensor;
  throw std::out_of_range(key);
}

void drop(NamedTensors& tensors, const std::string& key) {
  std::erase_if(tensors, [&](const auto& entry) { return entry.first == key; });
}

std::string fault_of(Network& into, const NamedTensors& tensors, const LoadOptions& options = {}) {
  const auto before = tensors_of(into);
  try {
    load_weights(into, tensors, "x", options);
  } catch (const archsweep::Error& e) {
    auto after = tensors_of(into);
    for (const auto& [key, tensor] : before) CHECK(torch::equal(tensor, get(after, key)));
    return e.what();
  }
  return "no fault";
}

torch::Tensor values(std::initializer_list<float> list, torch::IntArrayRef shape) {
  return torch::tensor(std::vector<float>(list)).reshape(shape);
}

}  // namespace

TEST_CASE("weights go to a file and into another network unchanged") {
  const Scratch scratch;
  const auto from = network({.num_classes = 10});
  write_tensors(scratch.path, tensors_of(*from));
  torch::manual_seed(99);
  const auto into = build("test_resnet", {.num_classes = 10});
  CHECK(load_weights(*into, scratch.path).empty());
  auto loaded = tensors_of(*into);
  for (const auto& [key, tensor] : tensors_of(*from)) CHECK(torch::equal(tensor, get(loaded, key)));
}

TEST_CASE("every dtype that Python writes becomes the tensor it was") {
  auto tensors = read_tensors(TEST_DATA "/weights/every_dtype.safetensors");
  CHECK(torch::equal(get(tensors, "f32"), values({1, 2, 3, 4, 5, 6}, {2, 3})));
  CHECK(get(tensors, "scalar").item<float>() == 7);
  for (const char* name : {"f16", "bf16", "f64", "i8", "u8", "i16", "u16", "i32", "u32", "i64",
                           "u64", "e4m3", "e5m2"}) {
    INFO(name);
    CHECK(torch::equal(get(tensors, name).to(torch::kFloat32), values({1, 2, 3}, {3})));
  }
  CHECK(get(tensors, "boolean").dtype() == torch::kBool);
  get(tensors, "f32").fill_(8);  // a private page: the file stays as it is
  auto again = read_tensors(TEST_DATA "/weights/every_dtype.safetensors");
  CHECK(get(again, "f32")[0][0].item<float>() == 1);
}

TEST_CASE("missing, unexpected and misshapen keys are all named, and nothing is loaded") {
  const auto into = network({.num_classes = 10});
  auto tensors = tensors_of(*into);
  drop(tensors, "conv1.0.weight");
  drop(tensors, "bn1.running_mean");
  tensors.emplace_back("extra", torch::zeros(1));
  get(tensors, "bn1.weight") = torch::zeros(3);
  get(tensors, "bn1.bias") = torch::zeros(get(tensors, "bn1.bias").sizes(), torch::kInt64);
  const auto fault = fault_of(*into, tensors);
  CHECK(fault.starts_with(
      "x: does not fit the network: 2 keys are missing (conv1.0.weight, bn1.running_mean); 1 key "
      "is unexpected (extra); 2 tensors do not fit (bn1.weight is [3] in the file, ["));
  CHECK(fault.find("bn1.bias is Long in the file, Float in the network") != std::string::npos);
  CHECK(fault_of(*into, {}).find(" and ") != std::string::npos);
}

TEST_CASE("half precision is widened, and counters of batches may be missing") {
  const auto into = network({.num_classes = 10});
  auto tensors = tensors_of(*into);
  std::erase_if(tensors,
                [](const auto& entry) { return entry.first.ends_with("num_batches_tracked"); });
  for (auto& [key, tensor] : tensors) tensor = torch::full_like(tensor, 0.5).to(torch::kFloat16);
  load_weights(*into, tensors, "x");
  for (const auto& parameter : into->parameters()) CHECK(torch::all(parameter == 0.5).item<bool>());
}

TEST_CASE("a classifier of other classes is refused, or left at its initial weights where asked") {
  for (const char* name : {"test_resnet", "test_vit"}) {
    INFO(name);
    const auto thousand = tensors_of(*network({}, name));
    for (const int classes : {10, 0}) {
      INFO(classes);
      const auto into = network({.num_classes = classes}, name);
      auto before = tensors_of(*into);
      CHECK(fault_of(*into, thousand) != "no fault");
      const auto notes = load_weights(*into, thousand, "x", {.other_classes = true});
      REQUIRE(notes.size() == 1);
      CHECK(notes[0] == into->classifier + ": 1000 classes in the file, " +
                            std::to_string(classes) +
                            " in the network: left at its initial weights");
      auto after = tensors_of(*into);
      for (const auto& [key, tensor] : thousand) {
        INFO(key);
        const bool of_classifier = key.starts_with(into->classifier + ".");
        if (of_classifier && classes == 0) continue;
        CHECK(torch::equal(get(after, key), of_classifier ? get(before, key) : tensor));
      }
    }
    const auto headless = tensors_of(*network({.num_classes = 0}, name));
    const auto into = network({.num_classes = 10}, name);
    CHECK(fault_of(*into, headless) != "no fault");
    CHECK(load_weights(*into, headless, "x", {.other_classes = true}).size() == 1);
  }
}

TEST_CASE("a first convolution is adapted to other channels") {
  const auto weight = torch::arange(18).to(torch::kFloat32).reshape({2, 3, 1, 3});
  CHECK(torch::equal(adapt_input_conv(weight, 1), weight.sum(1, true)));
  CHECK(torch::equal(adapt_input_conv(weight, 3), weight));
  CHECK(torch::equal(adapt_input_conv(weight, 2), weight.slice(1, 0, 2) * 1.5));
  CHECK(torch::equal(adapt_input_conv(weight, 7),
                     torch::cat({weight, weight, weight.slice(1, 0, 1)}, 1) * (3 / 7.0)));
  CHECK(adapt_input_conv(weight.to(torch::kFloat16), 1).dtype() == torch::kFloat16);
  const auto blocks = torch::arange(24).to(torch::kFloat32).reshape({1, 12, 1, 2});
  CHECK(torch::equal(adapt_input_conv(blocks, 1), blocks.reshape({1, 4, 3, 1, 2}).sum(2)));

  auto three = tensors_of(*network());
  const auto grey = network({.in_chans = 1});
  CHECK(load_weights(*grey, three, "x").size() == 1);
  auto loaded = tensors_of(*grey);
  CHECK(torch::equal(get(loaded, "conv1.0.weight"), get(three, "conv1.0.weight").sum(1, true)));
  const auto five = tensors_of(*network({.in_chans = 5}));
  CHECK(fault_of(*grey, five) != "no fault");
}

TEST_CASE("position embeddings are resized as timm resizes them") {
  // timm.layers.resample_abs_pos_embed of the same values, with one prefix token.
  const auto embedding = (torch::arange(20) * 7 % 11).to(torch::kFloat32).reshape({1, 10, 2});
  // clang-format off
  const auto larger = values({0.0, 7.0, 2.947761, 10.522388, 4.774263, 4.879968, 7.434692, 2.662944, 9.261194, 5.261194, 0.918029, 9.345037, 3.268543, 3.124459, 6.27117, 0.907434, 8.043526, 4.083842, 4.276657, 7.316623, 3.315413, 4.750001, 4.155353, 2.532976, 6.269906, 2.055429, 10.918077, 5.708788, 4.88549, 8.737521, 2.413673, 6.520497, 5.052239, 0.447594}, {1, 17, 2});
  const auto smaller = values({0.0, 7.0, 3.022837, 6.288502, 7.468757, 2.837458, 5.197604, 6.489028, 4.403254, 3.037984}, {1, 5, 2});
  // clang-format on
  CHECK(torch::allclose(resample_pos_embed(embedding, 4, 1), larger, 0, 2e-6));
  CHECK(torch::allclose(resample_pos_embed(embedding, 2, 1), smaller, 0, 2e-6));

  auto own = tensors_of(*network({}, "test_vit"));
  const auto other = network({.image_size = 64}, "test_vit");
  const auto notes = load_weights(*other, own, "x");
  REQUIRE(notes.size() == 1);
  CHECK(notes[0] == "pos_embed: resized from a grid of 10x10 to 4x4");
  auto loaded = tensors_of(*other);
  CHECK(torch::equal(get(loaded, "pos_embed"), resample_pos_embed(get(own, "pos_embed"), 4, 1)));
}
