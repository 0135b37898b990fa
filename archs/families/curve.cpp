#include "archs/families/curve.h"

#include "archs/network.h"

namespace archsweep::archs::curve {
namespace {

// Where all numbers begin, as in the lesson.
constexpr double start = 1.5;

class Quadratic : public Network {
 public:
  Quadratic() {
    for (auto [name, number] : {std::pair{"a", &a_}, {"b", &b_}, {"c", &c_}})
      *number = register_parameter(name, torch::full({1}, start));
    num_features = 1;
  }
  torch::Tensor features(const torch::Tensor& x) override { return a_ * x * x + b_ * x + c_; }
  torch::Tensor head(const torch::Tensor& features) override { return features; }
  int layer_of(std::string_view) const override { return 0; }

 private:
  torch::Tensor a_, b_, c_;
};

// The sum of relu(m x + b). Odd lines fall and even ones rise, from bends between -1 and 0.
class Relus : public Network {
 public:
  explicit Relus(int lines) {
    auto m = torch::empty({lines}), b = torch::empty({lines});
    for (int i = 0; i < lines; ++i) {
      const bool falls = i % 2 == 0 && lines > 1;
      const double bend = 1 - static_cast<double>(i / 2) / std::max(1, lines / 2);
      m[i] = falls ? -start : start;
      b[i] = falls ? -start * bend : start * bend;
    }
    m_ = register_parameter("m", m);
    b_ = register_parameter("b", b);
    num_features = lines;
  }
  torch::Tensor features(const torch::Tensor& x) override { return torch::relu(x * m_ + b_); }
  torch::Tensor head(const torch::Tensor& features) override { return features.sum(1, true); }
  int layer_of(std::string_view) const override { return 0; }

 private:
  torch::Tensor m_, b_;
};

}  // namespace

std::shared_ptr<Network> build(const Variant& variant, const BuildOptions&) {
  if (variant.lines == 0) return std::make_shared<Quadratic>();
  return std::make_shared<Relus>(variant.lines);
}

}  // namespace archsweep::archs::curve
