#pragma once

// `archsweep-trial serve-model JOB`: an exported network as a page and a JSON endpoint.

#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Serves until SIGINT or SIGTERM; then lets answers that are under way go out, and ends the process
// with 0. With job.docker writes that folder instead. Throws Error.
int serve_model(const ServeModelJob& job);

}  // namespace archsweep::runner
