#pragma once

// Every family. The catalog, the builder and the tests all fold over this list, so a family is
// added here and nowhere else.

#include <tuple>

#include "archs/families/convnext.h"
#include "archs/families/efficientvit_msra.h"
#include "archs/families/levit.h"
#include "archs/families/mobilenetv3.h"
#include "archs/families/repvit.h"
#include "archs/families/resnet.h"
#include "archs/families/shvit.h"
#include "archs/families/vision_transformer.h"

namespace archsweep::archs {

inline constexpr std::tuple families{
    convnext::family, efficientvit_msra::family,
    levit::family,    mobilenetv3::family,
    repvit::family,   resnet::family,
    shvit::family,    vision_transformer::family,
};

}  // namespace archsweep::archs
