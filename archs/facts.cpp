#include <algorithm>
#include <iterator>

#include "archs/catalog.h"

namespace archsweep::archs {
namespace {

// Sorted by name. Written by `archsweep-trial facts GLOB...`; a name without a row has no facts
// yet.
// clang-format off
constexpr Facts table[] = {
    {"convnext_atto", 3695520, 547332480},
    {"convnext_atto_ols", 3702912, 576534912},
    {"convnext_femto", 5217784, 779629824},
    {"convnext_femto_ols", 5226520, 813047040},
    {"convnext_nano", 15593560, 2445528320},
    {"convnext_nano_ols", 15649560, 2641214720},
    {"convnext_pico", 9045672, 1367055360},
    {"convnext_pico_ols", 9061928, 1426062336},
    {"convnext_tiny", 28589128, 4455531264},
    {"convnext_tiny_hnf", 28589128, 4455531264},
    {"convnextv2_atto", 3708400, 547332480},
    {"convnextv2_femto", 5233240, 779629824},
    {"convnextv2_nano", 15623800, 2445528320},
    {"convnextv2_pico", 9066280, 1367055360},
    {"convnextv2_tiny", 28635496, 4455531264},
    {"fbnetv3_b", 8598464, 407508576},
    {"fbnetv3_d", 10306272, 501971056},
    {"fbnetv3_g", 16623888, 1253584000},
    {"lcnet_035", 1644370, 27357832},
    {"lcnet_050", 1880856, 44731008},
    {"lcnet_075", 2358288, 94786496},
    {"lcnet_100", 2953800, 155700480},
    {"lcnet_150", 4501112, 334188416},
    {"mobilenetv3_large_075", 3993528, 154560624},
    {"mobilenetv3_large_100", 5483032, 216589760},
    {"mobilenetv3_large_150d", 14622320, 1010021120},
    {"mobilenetv3_rw", 5479918, 216587936},
    {"mobilenetv3_small_050", 1593224, 24188688},
    {"mobilenetv3_small_075", 2041872, 43399344},
    {"mobilenetv3_small_100", 2542856, 56510400},
    {"mobilenetv4_conv_aa_large", 32590864, 9537203200},
    {"mobilenetv4_conv_aa_medium", 9715512, 1561798656},
    {"mobilenetv4_conv_blur_medium", 9715512, 1202577600},
    {"mobilenetv4_conv_large", 32590864, 6376220672},
    {"mobilenetv4_conv_medium", 9715512, 1080244224},
    {"mobilenetv4_conv_small", 3774024, 186005568},
    {"mobilenetv4_conv_small_035", 1905384, 47723040},
    {"mobilenetv4_conv_small_050", 2238952, 64741408},
    {"mobilenetv4_hybrid_large", 37764624, 7711877120},
    {"mobilenetv4_hybrid_large_075", 22754984, 2036234240},
    {"mobilenetv4_hybrid_medium", 11074648, 1271183360},
    {"mobilenetv4_hybrid_medium_075", 7313528, 649844400},
    {"resnet10t", 5435488, 698688000},
    {"resnet14t", 10081632, 1067618816},
    {"resnet18", 11689512, 1814073344},
    {"resnet18d", 11708744, 2053713920},
    {"resnet26", 15995176, 2342256640},
    {"resnet26d", 16014408, 2581897216},
    {"resnet26t", 16011872, 3330359296},
    {"resnet34", 21797672, 3663761408},
    {"resnet34d", 21816904, 3903401984},
    {"resnet50", 25557032, 4089184256},
    {"resnet50_gn", 25557032, 4089184256},
    {"resnet50c", 25576264, 4328824832},
    {"resnet50d", 25576264, 4328824832},
    {"resnet50s", 25680808, 5444337664},
    {"resnet50t", 25573728, 4297213952},
    {"resnext50_32x4d", 25028904, 4230479872},
    {"resnext50d_32x4d", 25048136, 4470120448},
    {"seresnet18", 11779624, 1814161408},
    {"seresnet50", 28088024, 4091699200},
    {"test_convnext", 272128, 31228800},
    {"test_convnext2", 477800, 50803200},
    {"test_convnext3", 468840, 49830400},
    {"test_resnet", 469688, 102547200},
    {"test_vit", 371240, 37635328},
    {"test_vit2", 455720, 48520704},
    {"tf_mobilenetv3_large_075", 3993528, 154560624},
    {"tf_mobilenetv3_large_100", 5483032, 216589760},
    {"tf_mobilenetv3_large_minimal_100", 3924288, 209136704},
    {"tf_mobilenetv3_small_075", 2041872, 43399344},
    {"tf_mobilenetv3_small_100", 2542856, 56510400},
    {"tf_mobilenetv3_small_minimal_100", 2044736, 52288448},
    {"vit_small_patch16_224", 22050664, 4598882304},
    {"vit_small_patch16_384", 22196584, 15490351104},
    {"vit_small_patch32_224", 22878952, 1142909952},
    {"vit_small_patch32_384", 22915432, 3442900992},
    {"vit_small_patch8_224", 21670272, 22405358592},
    {"vit_tiny_patch16_224", 5717416, 1253683200},
    {"vit_tiny_patch16_384", 5790376, 4682219520},
};
// clang-format on

}  // namespace

std::optional<Facts> facts(std::string_view name) {
  const auto at = std::ranges::lower_bound(table, name, {}, &Facts::name);
  if (at == std::end(table) || at->name != name) return std::nullopt;
  return *at;
}

}  // namespace archsweep::archs
