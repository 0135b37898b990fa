#include "runner/trial/device.h"

#include <ATen/Context.h>
#include <ATen/DeviceAccelerator.h>
#include <c10/util/Exception.h>
#include <dlfcn.h>
#include <jemalloc/jemalloc.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <torch/version.h>
#include <unistd.h>

#include <fstream>
#include <new>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/measure/nvml.h"

// Read by jemalloc as the process starts: nothing goes back to the system by itself, large blocks
// least of all; what does go back leaves no address space taken.
const char* malloc_conf = "dirty_decay_ms:-1,muzzy_decay_ms:0,oversize_threshold:0,retain:false";

namespace archsweep::runner {
namespace {

// The first line of a file that begins with `key`, after its colon.
std::string line_of(const char* path, std::string_view key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(key)) {
      const auto value = line.find_first_not_of(" \t", line.find(':') + 1);
      return value == line.npos ? "" : line.substr(value);
    }
  return "";
}

// Of the GPU with this index, as the kernel module tells: no CUDA headers are needed.
std::string gpu_name(int index) {
  const auto handle = ::dlopen("libcuda.so.1", RTLD_NOW);
  if (!handle) return "";
  using Get = int (*)(int*, int);
  using Name = int (*)(char*, int, int);
  const auto get = reinterpret_cast<Get>(::dlsym(handle, "cuDeviceGet"));
  const auto name = reinterpret_cast<Name>(::dlsym(handle, "cuDeviceGetName"));
  char text[256] = "";
  int device = 0;
  if (get && name && get(&device, index) == 0) name(text, sizeof text - 1, device);
  return text;
}

}  // namespace

torch::Device open_device(const std::string& name) {
  if (name == "auto") return open_device(gpu_count() > 0 ? "cuda:0" : "cpu");
  if (name == "cpu") return torch::kCPU;
  if (!name.starts_with("cuda:"))
    throw Error(fmt::format("device '{}': expected cpu or cuda:N", name));
  if (!::dlopen("libtorch_cuda.so", RTLD_NOW | RTLD_GLOBAL))
    throw Error(fmt::format("device {}: this LibTorch cannot use CUDA ({})", name, ::dlerror()),
                Exit::environment);
  const torch::Device device(name);
  if (!at::hasCUDA() || at::accelerator::deviceCount() <= device.index())
    throw Error(fmt::format("device {}: no such GPU", name), Exit::environment);
  at::accelerator::setDeviceIndex(device.index());
  return device;
}

results::Environment describe(const torch::Device& device, int threads) {
  utsname system{};
  ::uname(&system);
  results::Environment e;
  e.device = device.str();
  e.torch = TORCH_VERSION;
  e.archsweep = ARCHSWEEP_VERSION;
  e.threads = threads;
  e.host = system.nodename;
  e.os = fmt::format("{} {}", system.sysname, system.release);
  if (device.is_cpu()) {
    e.device_name = line_of("/proc/cpuinfo", "model name");
  } else {
    e.device_name = gpu_name(device.index());
    e.driver = line_of("/proc/driver/nvidia/version", "NVRM version");
  }
  return e;
}

std::string lease_name(const torch::Device& device) {
  if (device.is_cpu()) return "cpu";
  const auto bus_id = pci_bus_id(device.index());
  return bus_id.empty() ? device.str() : bus_id;
}

void synchronize(const torch::Device& device) {
  if (!device.is_cpu()) at::accelerator::synchronizeDevice(device.index());
}

std::vector<at::Generator> generators(const torch::Device& device) {
  std::vector<at::Generator> all{at::globalContext().defaultGenerator(torch::kCPU)};
  if (!device.is_cpu()) all.push_back(at::globalContext().defaultGenerator(device));
  return all;
}

void reset_peak_memory(const torch::Device& device) {
  if (device.is_cpu()) {
    std::ofstream("/proc/self/clear_refs") << 5;  // resets VmHWM
  } else {
    at::accelerator::resetPeakStats(device.index());
  }
}

double peak_memory(const torch::Device& device) {
  if (!device.is_cpu())
    return static_cast<double>(
        at::accelerator::getDeviceStats(device.index()).allocated_bytes[0].peak);
  const auto kib = line_of("/proc/self/status", "VmHWM");
  return kib.empty() ? results::not_measured : std::stod(kib) * 1024;
}

bool is_out_of_memory(const std::exception& e) {
  if (dynamic_cast<const std::bad_alloc*>(&e)) return true;
  const auto* torch = dynamic_cast<const c10::Error*>(&e);
  const std::string_view message = torch ? torch->what_without_backtrace() : e.what();
  // oneDNN found no room for its code or workspace; what it cannot do fails at the descriptor.
  if (message == "could not create a primitive") return true;
  for (const auto* phrase : {"out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED",
                             "could not create a memory object", "bad_alloc"})
    if (message.find(phrase) != message.npos) return true;
  return false;
}

void set_up_allocator() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return;
  ssize_t at_once = 0;
  for (const char* arenas : {"arena.0.dirty_decay_ms", "arenas.dirty_decay_ms"})
    ::mallctl(arenas, nullptr, nullptr, &at_once, sizeof at_once);
}

void free_unused_memory(const torch::Device& device) {
  constexpr const char* all_arenas = "arena.4096.purge";  // MALLCTL_ARENAS_ALL
  static_assert(MALLCTL_ARENAS_ALL == 4096);
  if (device.is_cpu())
    ::mallctl(all_arenas, nullptr, nullptr, nullptr, 0);
  else
    at::accelerator::emptyCache();
}

}  // namespace archsweep::runner
