#include <algorithm>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

std::span<const AugmentKind> augment_kinds() {
  // clang-format off
  static constexpr AugmentParameter magnitude{"magnitude", 9, 0, 30, "of 30: how strong the changes are"};
  static constexpr AugmentKind kinds[] = {
      {"random_crop",
       {{{"padding", 4, 0, 64, "pixels of zero padding at each side before the crop"}}},
       "pad the image, then cut the original size at a random place"},
      {"random_resized_crop",
       {{{"min_scale", 0.35, 0.01, 1, "least share of the image's area"},
         {"max_scale", 1.0, 0.01, 1, "largest share of the image's area"},
         {"min_ratio", 0.75, 0.1, 10, "least width over height"},
         {"max_ratio", 4.0 / 3, 0.1, 10, "largest width over height"}}},
       "cut a random part of the image and resize it to image_size"},
      {"horizontal_flip",
       {{{"probability", 0.5, 0, 1, "of mirroring left and right"}}},
       "mirror left and right"},
      {"vertical_flip",
       {{{"probability", 0.5, 0, 1, "of mirroring top and bottom"}}},
       "mirror top and bottom"},
      {"dihedral",
       {{{"probability", 0.5, 0, 1, "of one of the eight symmetries, which one is drawn"}}},
       "fastai's: mirror and turn by right angles"},
      {"aug_transforms",
       {{{"max_rotate", 10, 0, 180, "degrees to either side"},
         {"max_warp", 0.2, 0, 0.9, "how far a corner moves at most, of half a side"},
         {"min_zoom", 1, 0.1, 10, "least enlargement"},
         {"max_zoom", 1.1, 0.1, 10, "largest enlargement"},
         {"max_lighting", 0.2, 0, 0.99, "change of brightness and contrast"},
         {"p_affine", 0.75, 0, 1, "probability of each of warp, rotation and zoom"},
         {"p_lighting", 0.75, 0, 1, "probability of each of brightness and contrast"},
         {"do_flip", 1, 0, 1, "1: mirror left and right, half of the time"},
         {"flip_vert", 0, 0, 1, "1: all eight symmetries of a square instead"}}},
       "fastai's: flip, warp, rotation and zoom in one step, then brightness and contrast", true},
      {"rand_augment",
       {{{"operations", 2, 1, 14, "one after the other"}, magnitude}},
       "torchvision's RandAugment: random operations of one magnitude", true},
      {"trivial_augment", {}, "torchvision's TrivialAugmentWide: one random operation of a random magnitude", true},
      {"auto_augment_imagenet", {}, "torchvision's AutoAugment with the policy learnt on ImageNet", true},
      {"auto_augment_cifar10", {}, "torchvision's AutoAugment with the policy learnt on CIFAR-10", true},
      {"auto_augment_svhn", {}, "torchvision's AutoAugment with the policy learnt on SVHN", true},
      {"augmix",
       {{{"severity", 3, 1, 10, "how strong the operations are"},
         {"width", 3, 1, 10, "chains of operations that are mixed"},
         {"depth", 0, 0, 10, "operations a chain; 0: one to three at random"},
         {"alpha", 1, 0.01, 100, "of the Dirichlet distribution of the weights"}}},
       "torchvision's AugMix: a mixture of the image and of chains of operations on it", true},
      {"color_jitter",
       {{{"brightness", 0.4, 0, 1, "largest change of brightness"},
         {"contrast", 0.4, 0, 1, "largest change of contrast"},
         {"saturation", 0.4, 0, 1, "largest change of saturation"},
         {"hue", 0, 0, 0.5, "largest turn of hue"}}},
       "torchvision's ColorJitter: brightness, contrast, saturation and hue in random order", true},
      {"random_erasing",
       {{{"probability", 0.25, 0, 1, "of erasing a part"},
         {"min_area", 0.02, 0, 1, "least share of the image's area"},
         {"max_area", 1.0 / 3, 0, 1, "largest share of the image's area"},
         {"min_aspect", 0.3, 0.01, 1, "least height over width, and width over height"},
         {"noise", 0, 0, 1, "1: fill with noise instead of the mean colour"}}},
       "timm's: fill a random rectangle", true, true},
      {"mixup",
       {{{"alpha", 0.8, 0.01, 100, "of the beta distribution of the weights"},
         {"probability", 1, 0, 1, "of mixing a batch"}}},
       "timm's: mix each image and its label with another of the batch", true, true},
      {"cutmix",
       {{{"alpha", 1, 0.01, 100, "of the beta distribution of the kept area"},
         {"probability", 1, 0, 1, "of mixing a batch"}}},
       "timm's: replace a rectangle by that of another image, and its share of the label", true, true},
      {"mixup_cutmix",
       {{{"mixup_alpha", 0.8, 0.01, 100, "of the beta distribution of mixup's weights"},
         {"cutmix_alpha", 1, 0.01, 100, "of the beta distribution of cutmix's kept area"},
         {"probability", 1, 0, 1, "of mixing a batch"},
         {"switch_probability", 0.5, 0, 1, "of cutmix instead of mixup"}}},
       "timm's: mixup or cutmix, drawn for each batch", true, true},
  };
  // clang-format on
  return kinds;
}

std::span<const AugmentWord> augment_words() {
  // clang-format off
  static constexpr AugmentWord words[] = {
      {"none", "[]", "the centre of each image"},
      {"light", "[random_crop, horizontal_flip]", "random crop with padding, horizontal flip"},
      {"fastai", "[aug_transforms]", "aug_transforms() with fastai's defaults"},
      {"timm", "[{random_resized_crop: {min_scale: 0.08}}, horizontal_flip, color_jitter]",
       "what timm's train.py does unasked"},
      {"trivial", "[random_resized_crop, horizontal_flip, trivial_augment]",
       "random resized crop, horizontal flip, TrivialAugmentWide"},
  };
  // clang-format on
  return words;
}

const AugmentKind& augment_kind(std::string_view name) {
  const auto kind = std::ranges::find(augment_kinds(), name, &AugmentKind::name);
  if (kind == augment_kinds().end())
    throw Error(fmt::format("augmentation: this worker knows no '{}'", name));
  return *kind;
}

AugmentValues augment_values(const AugmentStep& step) {
  const auto& parameters = augment_kind(step.name).parameters;
  AugmentValues values{};
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const auto given = step.parameters.find(std::string(parameters[i].name));
    values[i] = given == step.parameters.end() ? parameters[i].value : given->second;
  }
  return values;
}

}  // namespace archsweep::runner
