#pragma once

// Networks for the rows of a table. Linear and mlp see a category as dummy variables, one a level
// but the first, which the constant stands for; what training never saw is all zeros. Embedding is
// fastai's TabularModel, by its state-dict keys: https://arxiv.org/abs/1604.06737,
// fastai/tabular/model.py.

#include "archs/family.h"

namespace archsweep::archs::tabular {

struct Variant {
  std::string_view name;
  std::array<int, 2> hidden{};  // widths of the hidden layers; 0: there is none
  bool embedding = false;
  std::string_view tag = "";
  Preprocessing preprocessing = {};
};

// clang-format off
inline constexpr Variant variants[] = {
    {.name = "tabular_linear"},
    {.name = "tabular_mlp_10", .hidden = {10}},
    {.name = "tabular_mlp_20", .hidden = {20}},
    {.name = "tabular_mlp_50", .hidden = {50}},
    {.name = "tabular_mlp_100", .hidden = {100}},
    {.name = "tabular_mlp_10_10", .hidden = {10, 10}},
    {.name = "tabular_mlp_100_50", .hidden = {100, 50}},
    {.name = "tabular_mlp_200_100", .hidden = {200, 100}},
    {.name = "tabular_embedding", .hidden = {200, 100}, .embedding = true},
    {.name = "tabular_embedding_50_20", .hidden = {50, 20}, .embedding = true},
};
// clang-format on

inline constexpr Family family{"tabular", variants, Input::table};

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::tabular
