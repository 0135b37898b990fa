#include "runner/trial/measure/macs.h"

#include <ATen/record_function.h>

#include <memory>
#include <string_view>

#include <torch/types.h>

namespace archsweep::runner {
namespace {

// Set only while count_work runs, on its thread.
thread_local Work total;
thread_local int depth = 0;  // within a counted operator: what it calls is not counted again

struct Counted : at::ObserverContext {
  std::int64_t per_position = 0;  // of a convolution: weights, times the positions of its output
  bool writes_output = false;     // which is then its activations
};

std::int64_t numel_from(at::IntArrayRef sizes, std::size_t from) {
  std::int64_t product = 1;
  for (std::size_t i = from; i < sizes.size(); ++i) product *= sizes[i];
  return product;
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  const std::string_view name = function.name();
  const auto inputs = function.inputs();
  const auto sizes = [&](std::size_t i) { return inputs[i].toTensor().sizes(); };
  auto counted = std::make_unique<Counted>();
  std::int64_t macs = 0, activations = 0;
  counted->writes_output = depth == 0;
  if (name == "aten::convolution") {
    const bool transposed = inputs[6].toBool();
    if (transposed)
      macs = sizes(0)[0] * numel_from(sizes(0), 2) * numel_from(sizes(1), 0);
    else
      counted->per_position = numel_from(sizes(1), 0);
  } else if (name == "aten::mm") {
    macs = numel_from(sizes(0), 0) * sizes(1)[1];
  } else if (name == "aten::addmm") {
    macs = numel_from(sizes(1), 0) * sizes(2)[1];
  } else if (name == "aten::bmm") {
    macs = numel_from(sizes(0), 0) * sizes(1)[2];
  } else if (name == "aten::baddbmm") {
    macs = numel_from(sizes(1), 0) * sizes(2)[2];
  } else if (name.starts_with("aten::_scaled_dot_product_flash") ||
             name.starts_with("aten::_scaled_dot_product_efficient") ||
             name.starts_with("aten::_scaled_dot_product_cudnn")) {
    const auto query = sizes(0);
    const auto rows = numel_from(query, 0) / query[3], keys = sizes(1)[2], width = sizes(2)[3];
    macs = rows * keys * (query[3] + width);
    activations = rows * (keys + width);
    counted->writes_output = false;  // it has several
  } else {
    return nullptr;
  }
  if (depth++ == 0)
    total.macs += macs, total.activations += activations;
  else
    counted->per_position = 0;
  return counted;
}

void end(const at::RecordFunction& function, at::ObserverContext* context) {
  if (!context) return;
  --depth;
  const auto& counted = *static_cast<Counted*>(context);
  if (!counted.writes_output) return;
  const auto out = function.outputs()[0].toTensor().sizes();
  total.activations += numel_from(out, 0);
  if (counted.per_position) total.macs += out[0] * numel_from(out, 2) * counted.per_position;
}

}  // namespace

Work count_work(const std::function<void()>& forward) {
  total = {}, depth = 0;
  const auto handle = at::addThreadLocalCallback(at::RecordFunctionCallback(begin, end)
                                                     .needsInputs(true)
                                                     .needsOutputs(true)
                                                     .scopes({at::RecordScope::FUNCTION}));
  try {
    forward();
  } catch (...) {
    at::removeCallback(handle);
    throw;
  }
  at::removeCallback(handle);
  return total;
}

}  // namespace archsweep::runner
