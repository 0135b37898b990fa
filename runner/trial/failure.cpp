#include "runner/trial/failure.h"

#include <c10/util/Exception.h>

#include <new>
#include <string_view>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

using results::Cause;

// LibTorch reports a full memory in several ways, by allocator and by back end.
bool is_out_of_memory(std::string_view message) {
  for (const auto* phrase : {"out of memory", "can't allocate memory", "CUBLAS_STATUS_ALLOC_FAILED",
                             "could not create a memory object", "bad_alloc"})
    if (message.find(phrase) != message.npos) return true;
  return false;
}

}  // namespace

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
  } catch (const std::bad_alloc& e) {
    return failure(Cause::out_of_memory, e.what());
  } catch (const c10::Error& e) {
    const std::string message = e.what_without_backtrace();
    return failure(is_out_of_memory(message) ? Cause::out_of_memory : Cause::bad_config, message);
  } catch (const std::exception& e) {
    return failure(is_out_of_memory(e.what()) ? Cause::out_of_memory : Cause::crashed, e.what());
  }
}

}  // namespace archsweep::runner
