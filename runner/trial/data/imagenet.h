#pragma once

// The classes of ImageNet-1k by the WordNet names of their folders.

#include <optional>
#include <string_view>

namespace archsweep::runner {

std::optional<int> imagenet_class(std::string_view folder);  // "n01440764" is class 0

}  // namespace archsweep::runner
