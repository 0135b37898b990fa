#include "runner/trial/failure.h"

#include <c10/util/Exception.h>

#include <string_view>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/device.h"

namespace archsweep::runner {
using results::Cause;

results::Failure current_failure() {
  const auto failure = [](Cause cause, std::string_view message) {
    return results::Failure{cause, first_line(message), ""};
  };
  try {
    throw;
  } catch (const Diverged& e) {
    return failure(Cause::diverged, e.what());
  } catch (const Error& e) {
    return failure(e.code() == Exit::usage ? Cause::bad_data : Cause::crashed, e.what());
  } catch (const c10::Error& e) {
    return failure(is_out_of_memory(e) ? Cause::out_of_memory : Cause::bad_config,
                   e.what_without_backtrace());
  } catch (const std::exception& e) {
    return failure(is_out_of_memory(e) ? Cause::out_of_memory : Cause::crashed, e.what());
  }
}

}  // namespace archsweep::runner
