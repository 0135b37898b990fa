#include "runner/trial/job.h"

#include <sys/prctl.h>

#include <csignal>
#include <thread>

#include "runner/support/error.h"
#include "runner/trial/device.h"
#include "runner/trial/events.h"
#include "runner/trial/failure.h"
#include "runner/trial/measure/bench.h"
#include "runner/trial/show_batch.h"
#include "runner/trial/train/train.h"

namespace archsweep::runner {

int run_job(std::string_view json) {
  const auto job = decode_job(json);
  // A worker without a scheduler has nobody to report to.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGPIPE, SIG_IGN);
  ::signal(SIGXFSZ, SIG_IGN);  // a checkpoint over the limit of files is an error to report
  set_up_allocator();
  EventSink events(job.journal);
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
    else if (job.kind == "lr_find")
      sweep_rates(job, events);
    else if (job.kind == "show_batch")
      show_batch(job, events);
    else if (job.kind == "show_images")
      show_images(job, events);
    else if (job.kind == "bench")
      bench(job, events);
    else if (job.kind == "nothing")
      events.send(results::Summary{});
    else
      throw Error("job: unknown kind '" + job.kind + "'");
    return 0;
  } catch (...) {
    events.send(current_failure());
    return 1;
  }
}

}  // namespace archsweep::runner
