#include "runner/schedule/device_health.h"

#include <catch2/catch.hpp>

using namespace archsweep::runner;
using archsweep::results::Cause;

TEST_CASE("a device is suspect after quick failures of different trials in a row") {
  DeviceHealth health(2);
  health.failed("cuda:0", 1, Cause::crashed, 3);
  health.failed("cuda:0", 1, Cause::crashed, 3);     // the same again
  health.failed("cuda:0", 2, Cause::crashed, 600);   // it took long
  health.failed("cuda:0", 3, Cause::diverged, 3);    // its own fault
  health.failed("cuda:0", 4, Cause::bad_config, 3);  // likewise
  health.failed("cuda:1", 5, Cause::crashed, 3);
  CHECK_FALSE(health.is_suspect("cuda:0"));
  health.failed("cuda:0", 6, Cause::hung, 900);  // found late, however early it began
  CHECK(health.is_suspect("cuda:0"));
  CHECK(health.failures("cuda:0") == std::vector<std::size_t>{1, 6});
  CHECK_FALSE(health.is_suspect("cuda:1"));
  health.failed("cuda:1", 6, Cause::hung, 900);  // there too: not the first device's fault
  CHECK(health.failures("cuda:0") == std::vector<std::size_t>{1});
  CHECK(health.is_suspect("cuda:1"));
  health.failed("cuda:0", 7, Cause::crashed, 3);
  health.worked("cuda:0");
  CHECK_FALSE(health.is_suspect("cuda:0"));

  DeviceHealth never(0);
  for (std::size_t i = 0; i < 9; ++i) never.failed("cpu", i, Cause::crashed, 1);
  CHECK_FALSE(never.is_suspect("cpu"));
}
