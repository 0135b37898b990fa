#pragma once

// What a family of architectures is: a name and a table of named variants. Neither this file nor
// any archs/families/*.h may include LibTorch: the command line links the tables and must start
// in milliseconds.

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace archsweep::archs {

class Network;        // archs/network.h
struct BuildOptions;  // archs/network.h

enum class Input { image, table, number };  // what the networks of a family take

enum class Interpolation { bilinear, bicubic };

using Rgb = std::array<double, 3>;
inline constexpr Rgb imagenet_mean{0.485, 0.456, 0.406};
inline constexpr Rgb imagenet_std{0.229, 0.224, 0.225};
inline constexpr Rgb half_mean{0.5, 0.5, 0.5};  // timm's IMAGENET_INCEPTION_MEAN and _STD
inline constexpr Rgb half_std{0.5, 0.5, 0.5};
inline constexpr Rgb clip_mean{0.48145466, 0.4578275, 0.40821073};
inline constexpr Rgb clip_std{0.26862954, 0.26130258, 0.27577711};

// How the images of timm's default weights of a name are prepared; its default_cfg.
struct Preprocessing {
  int input_size = 224;     // side in pixels
  int test_input_size = 0;  // 0: the same
  Interpolation interpolation = Interpolation::bicubic;
  double crop_pct = 0.875;   // side of the centre crop over side of the resized image
  double test_crop_pct = 0;  // 0: the same
  Rgb mean = imagenet_mean;
  Rgb std = imagenet_std;
  std::string_view crop_mode = "center";
  bool fixed_input_size = false;  // other sizes only by building the network for them
};

// What the planner and the command line may know of an architecture.
struct Entry {
  std::string_view name;    // "regnetx_002", unique across families
  std::string_view family;  // "regnet", also the stem of the files that define it
  std::string_view tag;     // of timm's default weights: "a1_in1k"; empty or "untrained": none
  Preprocessing preprocessing;
  Input input;
};

// Variant is any aggregate with a `name`, a `tag` (the part of timm's name after the dot for its
// default weights) and a `preprocessing`; the other fields are the family's own business.
template <typename Variant>
struct Family {
  std::string_view name;
  std::span<const Variant> variants;
  Input input = Input::image;
};

template <typename Variant, std::size_t n>
Family(std::string_view, const Variant (&)[n]) -> Family<Variant>;
template <typename Variant, std::size_t n>
Family(std::string_view, const Variant (&)[n], Input) -> Family<Variant>;

}  // namespace archsweep::archs
