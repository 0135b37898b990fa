#pragma once

// Every family. The catalog, the builder and the tests all fold over this list, so a family is
// added here and nowhere else.

#include <tuple>

#include "archs/families/convnext.h"
#include "archs/families/curve.h"
#include "archs/families/deit.h"
#include "archs/families/efficientnet.h"
#include "archs/families/efficientvit_msra.h"
#include "archs/families/hardcorenas.h"
#include "archs/families/hgnet.h"
#include "archs/families/levit.h"
#include "archs/families/metaformer.h"
#include "archs/families/mlp_mixer.h"
#include "archs/families/mobilenetv3.h"
#include "archs/families/nfnet.h"
#include "archs/families/regnet.h"
#include "archs/families/repghost.h"
#include "archs/families/repvit.h"
#include "archs/families/res2net.h"
#include "archs/families/resnest.h"
#include "archs/families/resnet.h"
#include "archs/families/rexnet.h"
#include "archs/families/shvit.h"
#include "archs/families/sknet.h"
#include "archs/families/starnet.h"
#include "archs/families/tabular.h"
#include "archs/families/vgg.h"
#include "archs/families/vision_transformer.h"

namespace archsweep::archs {

inline constexpr std::tuple families{
    convnext::family,
    curve::family,
    deit::family,
    efficientnet::family,
    efficientvit_msra::family,
    hardcorenas::family,
    hgnet::family,
    levit::family,
    metaformer::family,
    mlp_mixer::family,
    mobilenetv3::family,
    nfnet::family,
    regnet::family,
    repghost::family,
    repvit::family,
    res2net::family,
    resnest::family,
    resnet::family,
    rexnet::family,
    shvit::family,
    sknet::family,
    starnet::family,
    tabular::family,
    vgg::family,
    vision_transformer::family,
};

}  // namespace archsweep::archs
