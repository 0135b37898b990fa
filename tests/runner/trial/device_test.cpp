#include "tests/torch_test.h"

#include "runner/trial/device.h"

using namespace archsweep::runner;

TEST_CASE("a full memory is known by what LibTorch throws, other faults are not taken for it") {
  const auto full = [](const auto& action) {
    try {
      action();
    } catch (const std::exception& e) {
      return is_out_of_memory(e);
    }
    return false;
  };
  CHECK(full([] { torch::empty({std::int64_t(1) << 45}); }));
  CHECK(full([] { throw std::bad_alloc(); }));
  CHECK(full([] { throw std::runtime_error("CUDA out of memory. Tried to allocate 2 GiB"); }));
  CHECK(full([] { throw std::runtime_error("could not create a primitive"); }));
  CHECK_FALSE(full([] { torch::zeros({2, 3}).matmul(torch::zeros({2, 3})); }));
  CHECK_FALSE(full([] {
    throw std::runtime_error(
        "could not create a primitive descriptor for the convolution forward propagation "
        "primitive");
  }));
}
