#include "archs/layers/attention.h"

#include <cmath>

#include "archs/layers/linear.h"

namespace archsweep::archs {

namespace nn = torch::nn;

// [n, tokens, width] to [n, heads, tokens, width of a head], and back.
static torch::Tensor to_heads(const torch::Tensor& x, int heads) {
  return x.reshape({x.size(0), x.size(1), heads, -1}).transpose(1, 2);
}
static torch::Tensor from_heads(const torch::Tensor& x) {
  return x.transpose(1, 2).flatten(2);
}

HeadMix::HeadMix(nn::Module& owner, int width, int heads, const AttentionOptions& o)
    : heads_(heads), lambda_initial_(0.8 - 0.6 * std::exp(-0.3 * o.differential)) {
  TORCH_CHECK(width % heads == 0, "a width of ", width, " does not divide into ", heads, " heads");
  const bool differential = o.differential >= 0;
  const int head = width / heads / (differential ? 2 : 1);
  if (o.qk_norm) {
    q_norm_ = owner.register_module("q_norm", Norm(head, *o.qk_norm));
    k_norm_ = owner.register_module("k_norm", Norm(head, *o.qk_norm));
  }
  if (!differential) return;
  const char* names[] = {"lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2"};
  for (int i = 0; i < 4; ++i)
    lambda_[i] = owner.register_parameter(names[i], torch::randn(head) * 0.1);
  sub_norm_ = owner.register_module(
      "sub_norm", Norm(2 * head, NormOptions{.kind = NormKind::rms, .eps = 1e-5}));
}

torch::Tensor HeadMix::operator()(const torch::Tensor& queries, const torch::Tensor& keys,
                                  const torch::Tensor& values) {
  const int split = sub_norm_ ? 2 : 1;
  auto q = to_heads(queries, split * heads_), k = to_heads(keys, split * heads_);
  const auto v = to_heads(values, heads_);
  if (q_norm_) {
    q = q_norm_(q);
    k = k_norm_(k);
  }
  if (!sub_norm_) return from_heads(torch::scaled_dot_product_attention(q, k, v));
  const auto half = [](const torch::Tensor& x, int i) {
    return x.slice(1, i, std::nullopt, 2);  // heads of the halves come in turn
  };
  const auto lambda = torch::exp((lambda_[0] * lambda_[1]).sum()) -
                      torch::exp((lambda_[2] * lambda_[3]).sum()) + lambda_initial_;
  const auto difference = torch::scaled_dot_product_attention(half(q, 0), half(k, 0), v) -
                          lambda * torch::scaled_dot_product_attention(half(q, 1), half(k, 1), v);
  return from_heads(sub_norm_(difference) * (1 - lambda_initial_));
}

AttentionImpl::AttentionImpl(int width, int heads, const AttentionOptions& o)
    : mix_(*this, width, heads, o) {
  qkv_ = register_module("qkv", linear(width, 3 * width, o.qkv_bias));
  if (o.out_norm) norm_ = register_module("norm", Norm(width, *o.out_norm));
  proj_ = register_module("proj", linear(width, width, o.proj_bias));
}

torch::Tensor AttentionImpl::forward(const torch::Tensor& input) {
  const auto qkv = qkv_(input).chunk(3, -1);
  const auto x = mix_(qkv[0], qkv[1], qkv[2]);
  return proj_(norm_ ? norm_(x) : x);
}

AttentionPoolImpl::AttentionPoolImpl(int width, int heads, int hidden, Act act, NormOptions norm)
    : heads_(heads) {
  latent_ = register_parameter("latent", torch::randn({1, 1, width}) / std::sqrt(width));
  q_ = register_module("q", nn::Linear(width, width));
  kv_ = register_module("kv", nn::Linear(width, 2 * width));
  proj_ = register_module("proj", nn::Linear(width, width));
  norm_ = register_module("norm", Norm(width, norm));
  mlp_ = register_module("mlp", Mlp(width, hidden, MlpOptions{.act = act}));
}

torch::Tensor AttentionPoolImpl::forward(const torch::Tensor& tokens) {
  const auto kv = kv_(tokens).chunk(2, -1);
  const auto q = q_(latent_.expand({tokens.size(0), -1, -1}));
  const auto x = proj_(from_heads(torch::scaled_dot_product_attention(
      to_heads(q, heads_), to_heads(kv[0], heads_), to_heads(kv[1], heads_))));
  return (x + mlp_(norm_(x))).select(1, 0);
}

}  // namespace archsweep::archs
