#pragma once

// An image as a network sees it in evaluation, to the pixel as timm prepares it
// (timm.data.create_transform with is_training=False), before mean and std.

#include <cstdint>

#include "archs/family.h"
#include "runner/trial/data/resize.h"

namespace archsweep::runner {

// Resizes and crops to side x side pixels at `out`, rows of interleaved channels; interpolation,
// crop_pct and crop_mode are those of `p`, "border" filling up with its mean.
void eval_transform(const Image& image, const archs::Preprocessing& p, int side, std::uint8_t* out);

}  // namespace archsweep::runner
