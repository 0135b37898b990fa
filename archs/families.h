#pragma once

// Every family. The catalog, the builder and the tests all fold over this list, so a family is
// added here and nowhere else.

#include <tuple>

#include "archs/families/convnext.h"
#include "archs/families/deit.h"
#include "archs/families/mobilenetv3.h"
#include "archs/families/regnet.h"
#include "archs/families/res2net.h"
#include "archs/families/resnest.h"
#include "archs/families/resnet.h"
#include "archs/families/sknet.h"
#include "archs/families/vgg.h"
#include "archs/families/vision_transformer.h"

namespace archsweep::archs {

// clang-format off
inline constexpr std::tuple families{
    convnext::family,
    deit::family,
    mobilenetv3::family,
    regnet::family,
    res2net::family,
    resnest::family,
    resnet::family,
    sknet::family,
    vgg::family,
    vision_transformer::family,
};
// clang-format on

}  // namespace archsweep::archs
