#include "runner/schedule/conclude.h"

#include <cstring>

#include <fmt/format.h>

namespace archsweep::runner {

results::Failure conclude(const Ended& ended, double time_limit) {
  using results::Cause;
  if (ended.timed_out)
    return {Cause::timeout, fmt::format("longer than {:g} s", time_limit), ended.tail};
  if (ended.out_of_memory)
    return {Cause::out_of_memory, "the kernel killed it for want of memory", ended.tail};
  if (ended.signal)
    return {Cause::crashed, fmt::format("signal {} ({})", ended.signal, ::strsignal(ended.signal)),
            ended.tail};
  return {Cause::crashed, fmt::format("exit code {} without a result", ended.exit_code),
          ended.tail};
}

}  // namespace archsweep::runner
