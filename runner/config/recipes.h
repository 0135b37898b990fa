#pragma once

// A recipe: one word for the values of `training` that a library's way of training has. What the
// config says itself goes before.

#include <span>
#include <string_view>

namespace archsweep::runner {

struct Recipe {
  std::string_view name;
  std::string_view training;  // as the config would say it
  double base_lr;
  int rate_batch;     // images a step that base_lr is meant for; 0: it holds for any batch
  int warmup_epochs;  // at most a quarter of all; 0: `training` has the warm-up
  std::string_view help;

  // base_lr for another batch: in proportion, and for optimizers of Adam's kind ("ada", "lamb" in
  // their names) with the square root, as timm's train.py scales it.
  double rate_for(double base, int batch_size, std::string_view optimizer) const;
};

std::span<const Recipe> recipes();
const Recipe* find_recipe(std::string_view name);  // nullptr: none of them

}  // namespace archsweep::runner
