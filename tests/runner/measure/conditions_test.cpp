#include "runner/trial/measure/conditions.h"

#include <unistd.h>

#include <fstream>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace archsweep::runner;
namespace fs = std::filesystem;

namespace {

// A machine as its proc/ and sys/ show it.
struct Machine {
  fs::path root = fs::temp_directory_path() / ("archsweep-machine-" + std::to_string(::getpid()));
  ~Machine() { fs::remove_all(root); }
  void put(const fs::path& file, const std::string& text) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << text;
  }
};

}  // namespace

TEST_CASE("clocks, temperature, throttling and load are read where the platform tells") {
  const Machine m;
  m.put("proc/loadavg", "1.50 0.7 0.2 1/100 42\n");
  m.put("proc/stat", "cpu  100 0 100 5000 0 0 0 50 0 0\n");
  m.put("proc/cpuinfo", "cpu MHz\t\t: 2000.5\ncpu MHz\t\t: 3000.5\n");
  m.put("sys/class/thermal/thermal_zone0/temp", "45000\n");
  m.put("sys/class/thermal/thermal_zone1/temp", "61500\n");
  m.put("sys/class/thermal/cooling_device0/temp", "99000\n");
  m.put("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count", "3\n");
  m.put("sys/devices/system/cpu/cpu1/thermal_throttle/core_throttle_count", "4\n");
  auto before = look("", m.root);
  CHECK(before.readings["load1"] == 1.5);
  CHECK(before.readings["mhz"] == 2500.5);
  CHECK(before.readings["celsius"] == 61.5);
  CHECK(before.readings["throttle_events"] == 7);

  SECTION("the governor's clocks come before the processor's") {
    m.put("sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq", "1800000\n");
    CHECK(look("", m.root).readings["mhz"] == 1800);
  }
  SECTION("what changed is told: others' load, stolen time, throttling") {
    auto after = before;
    after.clock += 10;
    after.own += 8;
    after.busy += 13;  // of which ours are 8
    after.stolen += 1;
    const auto json = nlohmann::json::parse(conditions_json(before, after, {12, 0.3, true}));
    CHECK(json["others_busy_cores"] == 0.5);
    CHECK(json["stolen_cores"] == 0.1);
    CHECK(json["throttled"] == false);
    CHECK(json["warmup"]["runs"] == 12);
    CHECK(json["before"]["celsius"] == 61.5);
    after.readings["throttle_events"] = 8;
    CHECK(nlohmann::json::parse(conditions_json(before, after, {}))["throttled"] == true);
  }
  SECTION("a GPU that is slowed down by heat is throttled, one that idles is not") {
    auto after = before;
    after.gpu_throttle_reasons = {"idle"};
    CHECK(nlohmann::json::parse(conditions_json(before, after, {}))["throttled"] == false);
    after.gpu_throttle_reasons = {"idle", "hw_thermal_slowdown"};
    CHECK(nlohmann::json::parse(conditions_json(before, after, {}))["throttled"] == true);
  }
}

TEST_CASE("a platform that tells nothing leaves everything out") {
  const Machine m;
  const auto nothing = look("0000:00:00.0", m.root);
  CHECK(nothing.readings.empty());
  const auto json = nlohmann::json::parse(conditions_json(nothing, nothing, {}));
  CHECK(json["before"].empty());
  CHECK_FALSE(json.contains("others_busy_cores"));
}
