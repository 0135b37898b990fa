#include "runner/trial/job.h"

#include <c10/util/Exception.h>
#include <sys/prctl.h>

#include <csignal>
#include <new>
#include <thread>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/device.h"
#include "runner/trial/events.h"
#include "runner/trial/train/train.h"

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

int run_job(std::string_view json) {
  const auto job = decode_job(json);
  // A worker without a scheduler has nobody to report to.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  EventSink events(job.journal);
  const auto fail = [&](Cause cause, const std::string& message) {
    events.send(results::Failure{cause, first_line(message), ""});
    return 1;
  };
  try {
    const int threads =
        job.threads > 0 ? job.threads : static_cast<int>(std::thread::hardware_concurrency());
    at::set_num_threads(threads);
    events.send(Hello{.environment = describe(open_device(job.device), threads)});
    if (job.kind == "prepare")
      prepare(job, events);
    else if (job.kind == "train")
      train(job, events);
    else
      throw Error("job: unknown kind '" + job.kind + "'");
    return 0;
  } catch (const Diverged& e) {
    return fail(Cause::diverged, e.what());
  } catch (const Error& e) {
    return fail(e.code() == Exit::usage ? Cause::bad_data : Cause::crashed, e.what());
  } catch (const std::bad_alloc& e) {
    return fail(Cause::out_of_memory, e.what());
  } catch (const c10::Error& e) {
    const std::string message = e.what_without_backtrace();
    return fail(is_out_of_memory(message) ? Cause::out_of_memory : Cause::bad_config, message);
  } catch (const std::exception& e) {
    return fail(is_out_of_memory(e.what()) ? Cause::out_of_memory : Cause::crashed, e.what());
  }
}

}  // namespace archsweep::runner
