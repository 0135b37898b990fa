#pragma once

// `archsweep-trial predict JOB IMAGE...`: what an exported network says of photos.

#include <span>
#include <string>

#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Prints a row an image and class on stdout, and on stderr what images it could not read; the exit
// code is then 1. A folder stands for the images in it. Throws Error.
int predict(const PredictJob& job, std::span<const std::string> images);

}  // namespace archsweep::runner
