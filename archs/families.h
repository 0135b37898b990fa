#pragma once

// Every family. The catalog, the builder and the tests all fold over this list, so a family is
// added here and nowhere else.

#include <tuple>

#include "archs/families/convnext.h"
#include "archs/families/efficientnet.h"
#include "archs/families/hardcorenas.h"
#include "archs/families/mobilenetv3.h"
#include "archs/families/resnet.h"
#include "archs/families/vision_transformer.h"

namespace archsweep::archs {

inline constexpr std::tuple families{
    convnext::family,
    efficientnet::family,
    hardcorenas::family,
    mobilenetv3::family,
    resnet::family,
    vision_transformer::family,
};

}  // namespace archsweep::archs
