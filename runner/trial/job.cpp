#include "runner/trial/job.h"

#include <c10/util/Exception.h>
#include <sys/prctl.h>

#include <csignal>
#include <thread>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/device.h"
#include "runner/trial/events.h"
#include "runner/trial/train/train.h"

namespace archsweep::runner {

using results::Cause;

int run_job(std::string_view json) {
  const auto job = decode_job(json);
  // A worker without a scheduler has nobody to report to.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a checkpoint over the limit of files is an error to report
  respect_memory_limit();
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
    else if (job.kind == "preflight")
      preflight(job, events);
    else if (job.kind == "train")
      train(job, events);
    else
      throw Error("job: unknown kind '" + job.kind + "'");
    return 0;
  } catch (const Diverged& e) {
    return fail(Cause::diverged, e.what());
  } catch (const Error& e) {
    return fail(e.code() == Exit::usage ? Cause::bad_data : Cause::crashed, e.what());
  } catch (const c10::Error& e) {
    return fail(is_out_of_memory(e) ? Cause::out_of_memory : Cause::bad_config,
                e.what_without_backtrace());
  } catch (const std::exception& e) {
    return fail(is_out_of_memory(e) ? Cause::out_of_memory : Cause::crashed, e.what());
  }
}

}  // namespace archsweep::runner
