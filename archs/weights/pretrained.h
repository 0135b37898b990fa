#pragma once

// timm's pretrained weights: for every name `arch.tag` the repository on the hub, the number of
// classes and how images are prepared. Data alone, no LibTorch. Names of architectures that the
// catalog lacks are here too.

#include <span>
#include <string>
#include <string_view>

#include "archs/family.h"

namespace archsweep::archs {

struct Pretrained {
  std::string_view arch;
  std::string_view tag;
  int num_classes;  // 0: no classifier
  const Preprocessing* preprocessing;
  std::string_view license;          // as the hub names it, "" where it does not say
  std::string_view repository = {};  // on the hub: "" is timm/ARCH.TAG, "none" is nowhere

  std::string name() const;  // "resnet18.a1_in1k"
};

std::span<const Pretrained> pretrained();  // in order of the architectures' names
std::span<const Pretrained> tags_of(std::string_view arch);

// "resnet18.a1_in1k", or "resnet18" for its default tag. Throws Error: no such architecture or tag
// (the message lists the tags), or none was trained.
const Pretrained& find_pretrained(std::string_view name);

// "timm/resnet18.a1_in1k". Throws Error where the hub has no such weights.
std::string hub_repository(const Pretrained& weights);

}  // namespace archsweep::archs
