#include "runner/trial/measure/conditions.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include <nlohmann/json.hpp>

#include "runner/trial/measure/nvml.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

std::optional<double> number_in(const fs::path& path) {
  std::ifstream file(path);
  double value = 0;
  if (file >> value) return value;
  return std::nullopt;
}

// The numbers in FOLDER/PREFIX<digits>/FILE.
std::vector<double> numbers_in(const fs::path& folder, const std::string& prefix,
                               const fs::path& file) {
  std::vector<double> values;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with(prefix) || name.size() == prefix.size() ||
        name.find_first_not_of("0123456789", prefix.size()) != name.npos)
      continue;
    if (const auto value = number_in(entry.path() / file)) values.push_back(*value);
  }
  return values;
}

double sum(const std::vector<double>& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}

// Of all cores, as the governor tells, or else as the processor does.
std::vector<double> megahertz(const fs::path& root) {
  auto values = numbers_in(root / "sys/devices/system/cpu", "cpu", "cpufreq/scaling_cur_freq");
  for (double& khz : values) khz /= 1e3;
  if (!values.empty()) return values;
  std::ifstream file(root / "proc/cpuinfo");
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("cpu MHz"))
      values.push_back(std::strtod(line.c_str() + line.find(':') + 1, nullptr));
  return values;
}

// Times of all cores since boot, in seconds.
void read_cpu_times(const fs::path& root, Conditions& into) {
  std::ifstream file(root / "proc/stat");
  std::string cpu;
  double user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0;
  if (!(file >> cpu >> user >> nice >> system >> idle >> iowait >> irq >> softirq >> steal)) return;
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  into.busy = (user + nice + system + irq + softirq) / ticks;
  into.stolen = steal / ticks;
}

double own_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

nlohmann::json to_json(const Conditions& c) {
  nlohmann::json json = c.readings;
  if (!c.gpu_throttle_reasons.empty()) json["gpu_throttle_reasons"] = c.gpu_throttle_reasons;
  return json;
}

// What slows a GPU down against its will; the rest is idling, or someone's setting.
bool slowed(const Conditions& c) {
  static const std::set<std::string> faults{"hw_slowdown", "sw_thermal_slowdown",
                                            "hw_thermal_slowdown", "hw_power_brake_slowdown"};
  return std::ranges::any_of(c.gpu_throttle_reasons,
                             [](const auto& reason) { return faults.contains(reason); });
}

double rounded(double value) {
  return std::round(value * 1e3) / 1e3;
}

}  // namespace

Conditions look(const std::string& pci_bus_id, const fs::path& root) {
  Conditions c;
  if (const auto mhz = megahertz(root); !mhz.empty())
    c.readings["mhz"] = rounded(sum(mhz) / static_cast<double>(mhz.size()));
  if (const auto zones = numbers_in(root / "sys/class/thermal", "thermal_zone", "temp");
      !zones.empty())
    c.readings["celsius"] = *std::ranges::max_element(zones) / 1e3;
  if (const auto events = numbers_in(root / "sys/devices/system/cpu", "cpu",
                                     "thermal_throttle/core_throttle_count");
      !events.empty())
    c.readings["throttle_events"] = sum(events);
  if (const auto load = number_in(root / "proc/loadavg")) c.readings["load1"] = *load;
  read_cpu_times(root, c);
  c.own = own_seconds();
  c.clock =
      std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  if (!pci_bus_id.empty()) read_gpu(pci_bus_id, c);
  return c;
}

std::string conditions_json(const Conditions& before, const Conditions& after, const Warmup& warmup,
                            const std::map<std::string, double>& more) {
  nlohmann::json json{
      {"before", to_json(before)},
      {"after", to_json(after)},
      {"warmup",
       {{"runs", warmup.runs}, {"seconds", rounded(warmup.seconds)}, {"stable", warmup.stable}}}};
  const double elapsed = after.clock - before.clock;
  if (elapsed > 0 && after.busy > 0) {
    const double others = after.busy - before.busy - (after.own - before.own);
    json["others_busy_cores"] = rounded(std::max(0.0, others / elapsed));
    json["stolen_cores"] = rounded((after.stolen - before.stolen) / elapsed);
  }
  const auto events = [](const Conditions& c) {
    const auto at = c.readings.find("throttle_events");
    return at == c.readings.end() ? 0 : at->second;
  };
  json["throttled"] = events(after) > events(before) || slowed(before) || slowed(after);
  for (const auto& [name, value] : more) json[name] = value;
  return json.dump();
}

}  // namespace archsweep::runner
