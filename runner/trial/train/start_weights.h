#pragma once

#include <string>

#include "archs/network.h"
#include "runner/trial/events.h"

namespace archsweep::runner {

// The weights that a training begins with (TrainingSpec::weights) into the network: none, timm's,
// which are downloaded where they have not been, or a file's. A classifier of other classes is left
// as it is; what is adapted goes to the log. Throws Error.
void load_start_weights(archs::Network& network, const std::string& architecture,
                        const std::string& from, EventSink& events);

}  // namespace archsweep::runner
