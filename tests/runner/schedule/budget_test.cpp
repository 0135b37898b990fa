#include "runner/schedule/budget.h"

#include <catch2/catch.hpp>

#include <cmath>
#include <cstdlib>

using namespace archsweep::runner;

namespace {

// The time zone of a test; the old one comes back.
struct Zone {
  explicit Zone(const char* name) {
    if (const char* old = std::getenv("TZ")) before = old;
    ::setenv("TZ", name, 1);
    ::tzset();
  }
  ~Zone() {
    before.empty() ? ::unsetenv("TZ") : ::setenv("TZ", before.c_str(), 1);
    ::tzset();
  }
  std::string before;
};

std::time_t local(int month, int day, int hour, int minute) {
  std::tm t{};
  t.tm_year = 126, t.tm_mon = month - 1, t.tm_mday = day, t.tm_hour = hour, t.tm_min = minute;
  t.tm_isdst = -1;
  return std::mktime(&t);
}

}  // namespace

TEST_CASE("a time of day is the next one, across midnight and summer time") {
  const Zone zone("CET-1CEST,M3.5.0,M10.5.0/3");
  const int seven = 7 * 60;
  CHECK(seconds_until(seven, local(1, 10, 6, 0)) == 3600);
  CHECK(seconds_until(seven, local(1, 10, 22, 30)) == 8.5 * 3600);
  CHECK(seconds_until(seven, local(1, 10, 7, 0)) == 24 * 3600);
  CHECK(seconds_until(0, local(1, 31, 23, 59)) == 60);
  CHECK(seconds_until(seven, local(3, 28, 22, 0)) == 8 * 3600);    // clocks go forward that night
  CHECK(seconds_until(seven, local(10, 24, 22, 0)) == 10 * 3600);  // and back
}

TEST_CASE("the shorter of budget and time of day counts") {
  const Zone zone("UTC");
  const auto now = local(1, 10, 6, 0);
  CHECK(std::isinf(allowed_seconds({}, now)));
  CHECK(allowed_seconds({.budget = 60}, now) == 60);
  CHECK(allowed_seconds({.until = 7 * 60}, now) == 3600);
  CHECK(allowed_seconds({.budget = 7200, .until = 7 * 60}, now) == 3600);
}

TEST_CASE("a budget runs by its own clock") {
  double now = 1000;
  const Budget budget(50, [&] { return now; });
  CHECK(budget.left() == 50);
  now += 60;
  CHECK(budget.left() == -10);
}
