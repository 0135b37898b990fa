#pragma once

#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Writes job.docker, from which `docker build` makes an image without any network: a Dockerfile and
// root/, which holds the exported folder, this program and its libraries, and nothing else. Throws
// Error.
int write_docker(const ServeModelJob& job);

}  // namespace archsweep::runner
