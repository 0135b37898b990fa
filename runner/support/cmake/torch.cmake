# torch::torch, an INTERFACE target for LibTorch without its own TorchConfig.cmake, which demands
# a CUDA toolkit. libtorch_cuda.so is not linked: the worker loads it when a driver is there.

if(NOT TORCH_ROOT)
  message(FATAL_ERROR "LibTorch: give -DTORCH_ROOT=DIR (the folder with include/ and lib/), or use `make`, which installs one")
endif()
if(NOT EXISTS ${TORCH_ROOT}/include/torch/csrc/api/include/torch/torch.h OR NOT EXISTS ${TORCH_ROOT}/lib/libtorch_cpu.so)
  message(FATAL_ERROR "LibTorch: ${TORCH_ROOT} has no include/torch and lib/libtorch_cpu.so")
endif()

add_library(torch_torch INTERFACE)
add_library(torch::torch ALIAS torch_torch)
target_include_directories(torch_torch SYSTEM INTERFACE
  ${TORCH_ROOT}/include ${TORCH_ROOT}/include/torch/csrc/api/include)
target_link_libraries(torch_torch INTERFACE ${TORCH_ROOT}/lib/libtorch_cpu.so ${TORCH_ROOT}/lib/libc10.so)
target_link_options(torch_torch INTERFACE -Wl,--allow-shlib-undefined -Wl,-rpath,${TORCH_ROOT}/lib)
# The wheel's own fmt is newer than Debian's library, so it is used as headers alone.
target_compile_definitions(torch_torch INTERFACE FMT_HEADER_ONLY=1)
