#include "runner/trial/augment/policies.h"

namespace archsweep::runner {
namespace {

using enum Operation;

// clang-format off
constexpr Magnitudes rand_space[] = {
    {identity, 0, 0, false},
    {shear_x, 0, 0.3, true},
    {shear_y, 0, 0.3, true},
    {translate_x, 0, 150.0 / 331, true, Magnitudes::widths},
    {translate_y, 0, 150.0 / 331, true, Magnitudes::heights},
    {rotate, 0, 30, true},
    {brightness, 0, 0.9, true},
    {colour, 0, 0.9, true},
    {contrast, 0, 0.9, true},
    {sharpness, 0, 0.9, true},
    {posterize, 8, 4, false, Magnitudes::bits},
    {solarize, 255, 0, false},
    {auto_contrast, 0, 0, false},
    {equalize, 0, 0, false},
};

constexpr Magnitudes trivial_space[] = {
    {identity, 0, 0, false},
    {shear_x, 0, 0.99, true},
    {shear_y, 0, 0.99, true},
    {translate_x, 0, 32, true},
    {translate_y, 0, 32, true},
    {rotate, 0, 135, true},
    {brightness, 0, 0.99, true},
    {colour, 0, 0.99, true},
    {contrast, 0, 0.99, true},
    {sharpness, 0, 0.99, true},
    {posterize, 8, 2, false, Magnitudes::bits},
    {solarize, 255, 0, false},
    {auto_contrast, 0, 0, false},
    {equalize, 0, 0, false},
};

constexpr Magnitudes auto_space[] = {
    {shear_x, 0, 0.3, true},
    {shear_y, 0, 0.3, true},
    {translate_x, 0, 150.0 / 331, true, Magnitudes::widths},
    {translate_y, 0, 150.0 / 331, true, Magnitudes::heights},
    {rotate, 0, 30, true},
    {brightness, 0, 0.9, true},
    {colour, 0, 0.9, true},
    {contrast, 0, 0.9, true},
    {sharpness, 0, 0.9, true},
    {posterize, 8, 4, false, Magnitudes::bits},
    {solarize, 255, 0, false},
    {auto_contrast, 0, 0, false},
    {equalize, 0, 0, false},
    {invert, 0, 0, false},
};

constexpr Magnitudes mixed_space[] = {
    {shear_x, 0, 0.3, true},
    {shear_y, 0, 0.3, true},
    {translate_x, 0, 1.0 / 3, true, Magnitudes::widths},
    {translate_y, 0, 1.0 / 3, true, Magnitudes::heights},
    {rotate, 0, 30, true},
    {posterize, 4, 0, false, Magnitudes::bits},
    {solarize, 255, 0, false},
    {auto_contrast, 0, 0, false},
    {equalize, 0, 0, false},
    {brightness, 0, 0.9, true},
    {colour, 0, 0.9, true},
    {contrast, 0, 0.9, true},
    {sharpness, 0, 0.9, true},
};

constexpr PolicyPair imagenet[] = {
    {{posterize, 0.4, 8}, {rotate, 0.6, 9}},
    {{solarize, 0.6, 5}, {auto_contrast, 0.6, 0}},
    {{equalize, 0.8, 0}, {equalize, 0.6, 0}},
    {{posterize, 0.6, 7}, {posterize, 0.6, 6}},
    {{equalize, 0.4, 0}, {solarize, 0.2, 4}},
    {{equalize, 0.4, 0}, {rotate, 0.8, 8}},
    {{solarize, 0.6, 3}, {equalize, 0.6, 0}},
    {{posterize, 0.8, 5}, {equalize, 1, 0}},
    {{rotate, 0.2, 3}, {solarize, 0.6, 8}},
    {{equalize, 0.6, 0}, {posterize, 0.4, 6}},
    {{rotate, 0.8, 8}, {colour, 0.4, 0}},
    {{rotate, 0.4, 9}, {equalize, 0.6, 0}},
    {{equalize, 0, 0}, {equalize, 0.8, 0}},
    {{invert, 0.6, 0}, {equalize, 1, 0}},
    {{colour, 0.6, 4}, {contrast, 1, 8}},
    {{rotate, 0.8, 8}, {colour, 1, 2}},
    {{colour, 0.8, 8}, {solarize, 0.8, 7}},
    {{sharpness, 0.4, 7}, {invert, 0.6, 0}},
    {{shear_x, 0.6, 5}, {equalize, 1, 0}},
    {{colour, 0.4, 0}, {equalize, 0.6, 0}},
    {{equalize, 0.4, 0}, {solarize, 0.2, 4}},
    {{solarize, 0.6, 5}, {auto_contrast, 0.6, 0}},
    {{invert, 0.6, 0}, {equalize, 1, 0}},
    {{colour, 0.6, 4}, {contrast, 1, 8}},
    {{equalize, 0.8, 0}, {equalize, 0.6, 0}},
};

constexpr PolicyPair cifar10[] = {
    {{invert, 0.1, 0}, {contrast, 0.2, 6}},
    {{rotate, 0.7, 2}, {translate_x, 0.3, 9}},
    {{sharpness, 0.8, 1}, {sharpness, 0.9, 3}},
    {{shear_y, 0.5, 8}, {translate_y, 0.7, 9}},
    {{auto_contrast, 0.5, 0}, {equalize, 0.9, 0}},
    {{shear_y, 0.2, 7}, {posterize, 0.3, 7}},
    {{colour, 0.4, 3}, {brightness, 0.6, 7}},
    {{sharpness, 0.3, 9}, {brightness, 0.7, 9}},
    {{equalize, 0.6, 0}, {equalize, 0.5, 0}},
    {{contrast, 0.6, 7}, {sharpness, 0.6, 5}},
    {{colour, 0.7, 7}, {translate_x, 0.5, 8}},
    {{equalize, 0.3, 0}, {auto_contrast, 0.4, 0}},
    {{translate_y, 0.4, 3}, {sharpness, 0.2, 6}},
    {{brightness, 0.9, 6}, {colour, 0.2, 8}},
    {{solarize, 0.5, 2}, {invert, 0, 0}},
    {{equalize, 0.2, 0}, {auto_contrast, 0.6, 0}},
    {{equalize, 0.2, 0}, {equalize, 0.6, 0}},
    {{colour, 0.9, 9}, {equalize, 0.6, 0}},
    {{auto_contrast, 0.8, 0}, {solarize, 0.2, 8}},
    {{brightness, 0.1, 3}, {colour, 0.7, 0}},
    {{solarize, 0.4, 5}, {auto_contrast, 0.9, 0}},
    {{translate_y, 0.9, 9}, {translate_y, 0.7, 9}},
    {{auto_contrast, 0.9, 0}, {solarize, 0.8, 3}},
    {{equalize, 0.8, 0}, {invert, 0.1, 0}},
    {{translate_y, 0.7, 9}, {auto_contrast, 0.9, 0}},
};

constexpr PolicyPair svhn[] = {
    {{shear_x, 0.9, 4}, {invert, 0.2, 0}},
    {{shear_y, 0.9, 8}, {invert, 0.7, 0}},
    {{equalize, 0.6, 0}, {solarize, 0.6, 6}},
    {{invert, 0.9, 0}, {equalize, 0.6, 0}},
    {{equalize, 0.6, 0}, {rotate, 0.9, 3}},
    {{shear_x, 0.9, 4}, {auto_contrast, 0.8, 0}},
    {{shear_y, 0.9, 8}, {invert, 0.4, 0}},
    {{shear_y, 0.9, 5}, {solarize, 0.2, 6}},
    {{invert, 0.9, 0}, {auto_contrast, 0.8, 0}},
    {{equalize, 0.6, 0}, {rotate, 0.9, 3}},
    {{shear_x, 0.9, 4}, {solarize, 0.3, 3}},
    {{shear_y, 0.8, 8}, {invert, 0.7, 0}},
    {{equalize, 0.9, 0}, {translate_y, 0.6, 6}},
    {{invert, 0.9, 0}, {equalize, 0.6, 0}},
    {{contrast, 0.3, 3}, {rotate, 0.8, 4}},
    {{invert, 0.8, 0}, {translate_y, 0, 2}},
    {{shear_y, 0.7, 6}, {solarize, 0.4, 8}},
    {{invert, 0.6, 0}, {rotate, 0.8, 4}},
    {{shear_y, 0.3, 7}, {translate_x, 0.9, 3}},
    {{shear_x, 0.1, 6}, {invert, 0.6, 0}},
    {{solarize, 0.7, 2}, {translate_y, 0.6, 7}},
    {{shear_y, 0.8, 4}, {invert, 0.8, 0}},
    {{shear_x, 0.7, 9}, {translate_y, 0.8, 3}},
    {{shear_y, 0.8, 5}, {auto_contrast, 0.7, 0}},
    {{shear_x, 0.7, 2}, {invert, 0.1, 0}},
};
// clang-format on

}  // namespace

std::span<const Magnitudes> space_of(Space space) {
  switch (space) {
    case Space::rand:
      return rand_space;
    case Space::trivial:
      return trivial_space;
    case Space::automatic:
      return auto_space;
    case Space::mixed:
      return mixed_space;
  }
  return {};
}

int bins_of(Space space) {
  return space == Space::rand || space == Space::trivial ? 31 : 10;
}

std::span<const PolicyPair> pairs_of(Policy policy) {
  switch (policy) {
    case Policy::imagenet:
      return imagenet;
    case Policy::cifar10:
      return cifar10;
    case Policy::svhn:
      return svhn;
  }
  return {};
}

}  // namespace archsweep::runner
