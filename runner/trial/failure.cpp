#include "runner/trial/failure.h"

#include <c10/util/Exception.h>

#include <string_view>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/device.h"

namespace archsweep::runner {
using results::Cause;

// A GPU that fails is no fault of the network that was asked for: others fail on it too.
static bool is_of_the_device(const c10::Error& e) {
  const std::string_view message = e.what_without_backtrace();
  return dynamic_cast<const c10::AcceleratorError*>(&e) || message.starts_with("CUDA error") ||
         message.starts_with("CUDA driver error") || message.starts_with("cuDNN error");
}

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
    return failure(is_out_of_memory(e)   ? Cause::out_of_memory
                   : is_of_the_device(e) ? Cause::crashed
                                         : Cause::bad_config,
                   e.what_without_backtrace());
  } catch (const std::exception& e) {
    return failure(is_out_of_memory(e) ? Cause::out_of_memory : Cause::crashed, e.what());
  }
}

}  // namespace archsweep::runner
