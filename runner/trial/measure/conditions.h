#pragma once

// What the machine was like while something was timed: clocks, temperature, throttling, and how
// much others computed. Stored as JSON beside the samples; what the platform does not tell is left
// out.

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "runner/trial/measure/sampling.h"

namespace archsweep::runner {

// One look at the machine.
struct Conditions {
  // "mhz" (mean of the cores), "celsius" (the hottest zone), "throttle_events" (since boot),
  // "load1"; of a GPU "gpu_mhz", "gpu_celsius", "gpu_watts", "gpu_busy_percent".
  std::map<std::string, double> readings;
  std::vector<std::string> gpu_throttle_reasons;
  // Seconds since some moment, to be compared with those of another look.
  double clock = 0, busy = 0, stolen = 0, own = 0;  // wall; all cores; of this process
};

// `pci_bus_id` of the GPU, "" for none; `root` holds proc/ and sys/.
Conditions look(const std::string& pci_bus_id, const std::filesystem::path& root = "/");

// {"before":{...},"after":{...},"others_busy_cores":0.1,"stolen_cores":0,"throttled":false,
//  "warmup":{"runs":12,"seconds":0.3,"stable":true}, ...}: the last are the `more`.
std::string conditions_json(const Conditions& before, const Conditions& after, const Warmup& warmup,
                            const std::map<std::string, double>& more = {});

}  // namespace archsweep::runner
