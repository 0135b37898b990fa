#pragma once

// fastai's head on a network without classifier (vision_learner of a timm name, create_head): the
// maximum and the mean of each feature map, or the features as the network pools them where they
// are no maps; then batch norm, dropout 0.25, linear to 512, ReLU, batch norm, dropout 0.5, linear
// to the classes. Keys are fastai's: "0.model.KEY" of the body, "1.2.weight" ... of the head.

#include <memory>

#include "archs/network.h"

namespace archsweep::archs {

// `body` is built with num_classes 0, and has its weights. Throws c10::Error where its features are
// not of num_features channels.
std::shared_ptr<Network> with_concat_head(std::shared_ptr<Network> body, int num_classes,
                                          int in_chans, int image_size);

}  // namespace archsweep::archs
