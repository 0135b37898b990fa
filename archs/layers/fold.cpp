#include "archs/layers/fold.h"

#include "archs/layers/batch_norm.h"

#include <ATen/record_function.h>

#include <map>
#include <string_view>

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>

namespace archsweep::archs {
namespace folding {  // unity batches: names of its own
namespace {

using Key = const c10::TensorImpl*;
Key key(const torch::Tensor& tensor) {
  return tensor.unsafeGetTensorImpl();
}

struct Layer {
  torch::Tensor weight;  // [out, ...]
  torch::Tensor* bias;   // undefined where it has none
  int runs = 0;
};

struct Norm {
  torch::Tensor mean, variance, weight, bias;  // [channels]
  double eps;
  bool* is_folded;
  int runs = 0;
  Key input = nullptr;
  std::int64_t dim = 0;  // of the input
};

// What one forward does with the layers' outputs. Operators that others call are not seen.
struct Trace {
  std::map<Key, Layer> layers;       // by weight
  std::map<Key, Norm> norms;         // by running mean
  std::map<Key, Key> transpose;      // of a weight -> the weight
  std::map<Key, Key> made_by;        // output of a layer -> the weight
  std::map<Key, Key> rows_of;        // an output as rows of channels -> the output
  std::map<Key, int> readers;        // operators that take a tensor
  std::vector<torch::Tensor> alive;  // so that no address serves twice
  int depth = 0;
};

thread_local Trace* trace = nullptr;  // set while fold_batch_norms runs, on its thread

template <typename Map>
auto* find(Map& map, const c10::IValue& value) {
  const auto at = value.isTensor() ? map.find(key(value.toTensor())) : map.end();
  return at == map.end() ? nullptr : &at->second;
}

// Inputs are gone when an operator ends.
struct Begun : at::ObserverContext {
  std::vector<c10::IValue> inputs;
};

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  if (trace->depth++ > 0) return nullptr;
  const auto note = [](const torch::Tensor& tensor) {
    if (!tensor.defined()) return;
    ++trace->readers[key(tensor)];
    trace->alive.push_back(tensor);
  };
  for (const auto& input : function.inputs()) {
    if (input.isTensor()) note(input.toTensor());
    if (std::string_view(function.name()) == "aten::view_as")
      break;  // of the other the shape alone
    if (input.isTensorList())
      for (const torch::Tensor& tensor : input.toTensorList()) note(tensor);
  }
  auto begun = std::make_unique<Begun>();
  begun->inputs.assign(function.inputs().begin(), function.inputs().end());
  return begun;
}

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  if (--trace->depth > 0 || !context) return;
  const std::string_view name = function.name();
  const auto& inputs = static_cast<Begun*>(context)->inputs;
  const auto& outputs = function.outputs();
  if (outputs.size() != 1 || !outputs[0].isTensor()) return;
  const auto output = outputs[0].toTensor();
  trace->alive.push_back(output);
  const auto ran = [&](Key weight) {
    ++trace->layers.at(weight).runs;
    trace->made_by[key(output)] = weight;
  };
  if (name == "aten::conv2d") {
    if (find(trace->layers, inputs[1])) ran(key(inputs[1].toTensor()));
  } else if (name == "aten::t") {
    if (find(trace->layers, inputs[0])) trace->transpose[key(output)] = key(inputs[0].toTensor());
  } else if (name == "aten::matmul") {
    if (const auto* weight = find(trace->transpose, inputs[1])) ran(*weight);
  } else if (name == "aten::flatten") {
    if (output.dim() == 2 && output.size(1) == inputs[0].toTensor().size(-1))
      trace->rows_of[key(output)] = key(inputs[0].toTensor());
  } else if (name == "aten::batch_norm") {
    if (auto* norm = find(trace->norms, inputs[3])) {
      ++norm->runs;
      norm->input = key(inputs[0].toTensor());
      norm->dim = inputs[0].toTensor().dim();
    }
  }
}

template <typename Module>
void add_layer(torch::nn::Module& module) {
  if (auto* layer = module.as<Module>())
    trace->layers[key(layer->weight)] = {layer->weight, &layer->bias};
}

template <typename Module>
void add_norm(torch::nn::Module& module) {
  if (auto* norm = module.as<Module>(); norm && !norm->is_folded)
    trace->norms[key(norm->running_mean)] = {norm->running_mean,  norm->running_var,
                                             norm->weight,        norm->bias,
                                             norm->options.eps(), &norm->is_folded};
}

void fold(const Norm& norm, const Layer& layer) {
  const auto wide = [](const torch::Tensor& t) { return t.to(torch::kFloat64); };
  const auto factor = wide(norm.weight) / (wide(norm.variance) + norm.eps).sqrt();
  std::vector<std::int64_t> shape(static_cast<std::size_t>(layer.weight.dim()), 1);
  shape[0] = -1;
  const auto old_bias = layer.bias->defined() ? wide(*layer.bias) : torch::zeros_like(factor);
  auto weight = layer.weight;
  weight.copy_(wide(weight) * factor.view(shape));
  *layer.bias = ((old_bias - wide(norm.mean)) * factor + wide(norm.bias)).to(weight.dtype());
  *norm.is_folded = true;
}

}  // namespace
}  // namespace folding

int fold_batch_norms(Network& network, const torch::Tensor& images) {
  using namespace folding;
  network.eval();
  Trace now;
  trace = &now;
  for (const auto& module : network.modules()) {
    add_layer<torch::nn::Conv2dImpl>(*module), add_layer<torch::nn::LinearImpl>(*module);
    add_norm<BatchNorm1dImpl>(*module), add_norm<BatchNorm2dImpl>(*module);
  }
  torch::NoGradGuard no_grad;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end)
                                                     .needsInputs(true)
                                                     .needsOutputs(true)
                                                     .scopes({at::RecordScope::FUNCTION}));
  try {
    now.alive.push_back(network.forward(images));
  } catch (...) {
    at::removeCallback(handle);
    throw;
  }
  at::removeCallback(handle);
  int folded = 0;
  for (const auto& [mean, norm] : now.norms) {
    if (norm.runs != 1 || now.readers[norm.input] != 1) continue;
    const auto rows = now.rows_of.find(norm.input);
    const auto output = rows == now.rows_of.end() ? norm.input : rows->second;
    const auto made_by = now.made_by.find(output);
    if (made_by == now.made_by.end() || now.readers[output] != 1) continue;
    const auto& layer = now.layers.at(made_by->second);
    // Maps of a convolution, rows of a linear layer: the channels are then the same.
    if (layer.runs != 1 || norm.dim != layer.weight.dim()) continue;
    fold(norm, layer);
    ++folded;
  }
  return folded;
}

}  // namespace archsweep::archs
