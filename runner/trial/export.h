#pragma once

// `archsweep-trial export JOB`: trained weights as timm's model folder.

#include "runner/trial/protocol.h"

namespace archsweep::runner {

// Says on stdout what it wrote, and that the validation images are predicted the same before and
// after reloading. Throws Error, also where one is not.
int export_trained(const ExportJob& job);

}  // namespace archsweep::runner
