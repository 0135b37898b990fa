#pragma once

// Networks for the rows of a table. Linear and mlp see a category as dummy variables, one a level
// but the first, which the constant stands for; what training never saw is all zeros. Embedding is
// fastai's TabularModel, by its state-dict keys: https://arxiv.org/abs/1604.06737,
// fastai/tabular/model.py.

#include <algorithm>
#include <vector>

#include "archs/family.h"

namespace archsweep::archs::tabular {

struct Variant {
  std::string_view name;
  std::array<int, 2> hidden{};  // widths of the hidden layers; 0: there is none
  bool embedding = false;
  bool is_open = false;  // BuildOptions::hidden may give other widths: the name tells none
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
    {.name = "tabular_mlp", .hidden = {100, 50}, .is_open = true},
    {.name = "tabular_mlp_200_100", .hidden = {200, 100}},
    {.name = "tabular_embedding", .hidden = {200, 100}, .embedding = true, .is_open = true},
    {.name = "tabular_embedding_50_20", .hidden = {50, 20}, .embedding = true},
};
// clang-format on

inline constexpr Family family{"tabular", variants, Input::table};

inline bool takes_hidden(std::string_view name) {
  return std::ranges::any_of(variants, [&](auto& v) { return v.is_open && v.name == name; });
}

// What an option may say of hidden layers.
inline constexpr int most_hidden = 8, widest_hidden = 65536;
inline bool is_sane(const std::vector<int>& hidden) {
  return hidden.size() <= most_hidden &&
         std::ranges::all_of(hidden, [](int width) { return width > 0 && width <= widest_hidden; });
}

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions& options);

}  // namespace archsweep::archs::tabular
