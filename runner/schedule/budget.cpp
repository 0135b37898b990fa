#include "runner/schedule/budget.h"

#include <algorithm>
#include <chrono>
#include <limits>

namespace archsweep::runner {

double seconds_until(int minutes_of_day, std::time_t now) {
  std::tm local{};
  ::localtime_r(&now, &local);
  local.tm_hour = minutes_of_day / 60;
  local.tm_min = minutes_of_day % 60;
  local.tm_sec = 0;
  local.tm_isdst = -1;  // as it will be then
  std::tm tomorrow = local;
  ++tomorrow.tm_mday;
  const auto today = std::mktime(&local);
  return std::difftime(today > now ? today : std::mktime(&tomorrow), now);
}

double allowed_seconds(const SchedulerConfig& config, std::time_t now) {
  double seconds = std::numeric_limits<double>::infinity();
  if (config.budget > 0) seconds = config.budget;
  if (config.until >= 0) seconds = std::min(seconds, seconds_until(config.until, now));
  return seconds;
}

double steady_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

}  // namespace archsweep::runner
