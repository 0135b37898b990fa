#include "runner/schedule/conclude.h"

#include <csignal>
#include <cstring>

#include <fmt/format.h>

#include "runner/support/text.h"

namespace archsweep::runner {

using results::Cause;

std::optional<results::Failure> foreign(const Event& event, const std::string& program) {
  const auto* hello = std::get_if<Hello>(&event);
  if (!hello || hello->protocol == protocol_version) return std::nullopt;
  return results::Failure{
      Cause::bad_config,
      fmt::format("{} speaks protocol {}, and this archsweep {}: they are of different versions",
                  program, hello->protocol, protocol_version),
      ""};
}

results::Failure conclude(const Ended& ended) {
  if (ended.hung)
    return {Cause::hung, fmt::format("no sign of life for {}", human_duration(ended.limit)),
            ended.tail};
  if (ended.timed_out)
    return {Cause::timeout, fmt::format("longer than {:g} s", ended.limit), ended.tail};
  if (ended.out_of_memory)
    return {Cause::out_of_memory, "the kernel killed it for want of memory", ended.tail};
  if (!ended.taken_by.empty()) return {Cause::killed, ended.taken_by, ended.tail};
  const bool asked = ended.signal == SIGKILL || ended.signal == SIGTERM || ended.signal == SIGINT ||
                     ended.signal == SIGHUP;
  if (ended.signal)
    return {asked ? Cause::killed : Cause::crashed,
            fmt::format("{}signal {} ({})", asked ? "somebody sent it " : "", ended.signal,
                        ::strsignal(ended.signal)),
            ended.tail};
  return {Cause::crashed, fmt::format("exit code {} without a result", ended.exit_code),
          ended.tail};
}

bool may_retry(const SchedulerConfig& config, Cause cause, int retried, bool shared) {
  switch (cause) {
    case Cause::crashed:
      return retried < config.retry_crashed;
    case Cause::killed:
      return retried < config.retry_killed;
    case Cause::hung:
      return retried < config.retry_hung;
    case Cause::out_of_memory:
      return shared && retried < config.retry_out_of_memory;
    // These would end the same way again.
    case Cause::timeout:
    case Cause::diverged:
    case Cause::bad_data:
    case Cause::bad_config:
      return false;
  }
  return false;
}

}  // namespace archsweep::runner
