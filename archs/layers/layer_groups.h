#pragma once

// Layer groups of networks whose keys are stages.<stage>.blocks.<block>.

#include <span>
#include <string_view>

namespace archsweep::archs {

// 0 for the stem, whose keys begin with `stem`; then one a block, what a stage has before its
// blocks counting with the first of them; the head last. `depths`: blocks in each stage.
int layer_in_stages(std::string_view key, std::string_view stem, std::span<const int> depths);

}  // namespace archsweep::archs
