#include "runner/trial/measure/nvml.h"

#include <dlfcn.h>

#include "runner/trial/measure/conditions.h"

namespace archsweep::runner {
namespace {

// A function of a library, or null.
template <typename Function>
Function* function(void* library, const char* name) {
  return library ? reinterpret_cast<Function*>(::dlsym(library, name)) : nullptr;
}

using Device = void*;

// The calls of nvml.h that are used here; each returns 0 for success.
struct Nvml {
  void* library = ::dlopen("libnvidia-ml.so.1", RTLD_NOW);
  int (*by_bus_id)(const char*, Device*) =
      function<int(const char*, Device*)>(library, "nvmlDeviceGetHandleByPciBusId_v2");
  int (*clock)(Device, int,
               unsigned*) = function<int(Device, int, unsigned*)>(library,
                                                                  "nvmlDeviceGetClockInfo");
  int (*temperature)(Device, int,
                     unsigned*) = function<int(Device, int, unsigned*)>(library,
                                                                        "nvmlDeviceGetTemperature");
  int (*power)(Device, unsigned*) = function<int(Device, unsigned*)>(library,
                                                                     "nvmlDeviceGetPowerUsage");
  int (*reasons)(Device, unsigned long long*) = function<int(Device, unsigned long long*)>(
      library, "nvmlDeviceGetCurrentClocksThrottleReasons");
  int (*utilization)(Device,
                     unsigned*) = function<int(Device, unsigned*)>(library,
                                                                   "nvmlDeviceGetUtilizationRates");
  struct MemoryInfo {  // nvmlMemory_t
    unsigned long long total = 0, free = 0, used = 0;
  };
  int (*memory)(Device,
                MemoryInfo*) = function<int(Device, MemoryInfo*)>(library,
                                                                  "nvmlDeviceGetMemoryInfo");
  bool usable = false;

  Nvml() {
    const auto init = function<int()>(library, "nvmlInit_v2");
    usable = init && by_bus_id && init() == 0;
  }
};

const Nvml& nvml() {
  static const Nvml loaded;
  return loaded;
}

// Null where there is none that works.
void* cuda_driver() {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW);
  const auto init = function<int(unsigned)>(driver, "cuInit");
  return init && init(0) == 0 ? driver : nullptr;
}

constexpr int sm_clock = 1, gpu_temperature = 0;  // nvmlClockType_t, nvmlTemperatureSensors_t

// nvmlClocksThrottleReasons, by bit.
constexpr const char* reason_names[] = {
    "idle",          "applications_clocks", "sw_power_cap",        "hw_slowdown",
    "sync_boost",    "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown",
    "display_clocks"};

}  // namespace

int gpu_count() {
  void* driver = cuda_driver();
  const auto count = function<int(int*)>(driver, "cuDeviceGetCount");
  int devices = 0;
  return count && count(&devices) == 0 ? devices : 0;
}

std::string pci_bus_id(int index) {
  void* driver = cuda_driver();
  const auto get = function<int(int*, int)>(driver, "cuDeviceGet");
  const auto bus_id = function<int(char*, int, int)>(driver, "cuDeviceGetPCIBusId");
  char text[32] = "";
  int device = 0;
  if (!get || !bus_id || get(&device, index) != 0 || bus_id(text, sizeof text, device) != 0)
    return "";
  return text;
}

std::optional<GpuMemory> gpu_memory(const std::string& pci_bus_id) {
  Device device = nullptr;
  Nvml::MemoryInfo info;
  const auto& n = nvml();
  if (!n.usable || !n.memory || n.by_bus_id(pci_bus_id.c_str(), &device) != 0 ||
      n.memory(device, &info) != 0)
    return std::nullopt;
  return GpuMemory{static_cast<double>(info.total), static_cast<double>(info.total - info.free)};
}

void read_gpu(const std::string& pci_bus_id, Conditions& into) {
  const auto& n = nvml();
  Device device = nullptr;
  if (!n.usable || n.by_bus_id(pci_bus_id.c_str(), &device) != 0) return;
  unsigned value = 0;
  if (n.clock && n.clock(device, sm_clock, &value) == 0) into.readings["gpu_mhz"] = value;
  if (n.temperature && n.temperature(device, gpu_temperature, &value) == 0)
    into.readings["gpu_celsius"] = value;
  if (n.power && n.power(device, &value) == 0) into.readings["gpu_watts"] = value / 1e3;
  unsigned rates[2] = {};  // nvmlUtilization_t: of the GPU, of its memory
  if (n.utilization && n.utilization(device, rates) == 0)
    into.readings["gpu_busy_percent"] = rates[0];
  unsigned long long reasons = 0;
  if (n.reasons && n.reasons(device, &reasons) == 0)
    for (std::size_t bit = 0; bit < std::size(reason_names); ++bit)
      if (reasons >> bit & 1) into.gpu_throttle_reasons.emplace_back(reason_names[bit]);
}

}  // namespace archsweep::runner
