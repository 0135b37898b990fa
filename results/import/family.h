#pragma once

// Families as the published studies tell them from names: by spelling, not by the code that builds
// the network, so that their pictures can be drawn again.

#include <string>
#include <string_view>

namespace archsweep::results {

// The letters a name begins with, "v2" included where it ends them: ^([a-z]+?(?:v2)?)(?:\d|_|$).
// "" where a name begins otherwise.
std::string spelled_family(std::string_view architecture);

// Of "Which image models are best?": the spelled family, "_in22" after it where the weights were
// trained on ImageNet-22k first, "d" after it for resnet.*d. Names ending in "gn", which that
// picture leaves out, get "_gn", so that they can be.
// In 2022 names said in22; today their tag does, so BEiT's weights become beit_in22 too.
std::string image_model_family(std::string_view architecture, std::string_view tag);

// Of "The best vision models for fine-tuning": the spelled family, swinv2 counted as swin.
std::string fine_tuning_family(std::string_view architecture);

}  // namespace archsweep::results
