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
  bool usable = false;

  Nvml() {
    const auto init = function<int()>(library, "nvmlInit_v2");
    usable = init && by_bus_id && init() == 0;
  }
};

constexpr int sm_clock = 1, gpu_temperature = 0;  // nvmlClockType_t, nvmlTemperatureSensors_t

// nvmlClocksThrottleReasons, by bit.
constexpr const char* reason_names[] = {
    "idle",          "applications_clocks", "sw_power_cap",        "hw_slowdown",
    "sync_boost",    "sw_thermal_slowdown", "hw_thermal_slowdown", "hw_power_brake_slowdown",
    "display_clocks"};

}  // namespace

std::string pci_bus_id(int index) {
  void* driver = ::dlopen("libcuda.so.1", RTLD_NOW);
  const auto get = function<int(int*, int)>(driver, "cuDeviceGet");
  const auto bus_id = function<int(char*, int, int)>(driver, "cuDeviceGetPCIBusId");
  char text[32] = "";
  int device = 0;
  if (!get || !bus_id || get(&device, index) != 0 || bus_id(text, sizeof text, device) != 0)
    return "";
  return text;
}

void read_gpu(const std::string& pci_bus_id, Conditions& into) {
  static const Nvml nvml;
  Device device = nullptr;
  if (!nvml.usable || nvml.by_bus_id(pci_bus_id.c_str(), &device) != 0) return;
  unsigned value = 0;
  if (nvml.clock && nvml.clock(device, sm_clock, &value) == 0) into.readings["gpu_mhz"] = value;
  if (nvml.temperature && nvml.temperature(device, gpu_temperature, &value) == 0)
    into.readings["gpu_celsius"] = value;
  if (nvml.power && nvml.power(device, &value) == 0) into.readings["gpu_watts"] = value / 1e3;
  unsigned rates[2] = {};  // nvmlUtilization_t: of the GPU, of its memory
  if (nvml.utilization && nvml.utilization(device, rates) == 0)
    into.readings["gpu_busy_percent"] = rates[0];
  unsigned long long reasons = 0;
  if (nvml.reasons && nvml.reasons(device, &reasons) == 0)
    for (std::size_t bit = 0; bit < std::size(reason_names); ++bit)
      if (reasons >> bit & 1) into.gpu_throttle_reasons.emplace_back(reason_names[bit]);
}

}  // namespace archsweep::runner
