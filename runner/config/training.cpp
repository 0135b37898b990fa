#include "runner/config/training.h"

#include <fmt/format.h>

#include "archs/families/tabular.h"

namespace archsweep::runner {

std::string training_fault(const std::string& architecture, archs::Input input,
                           const TrainingSpec& t) {
  using archs::Input;
  if (!t.hidden.empty() && !archs::tabular::takes_hidden(architecture))
    return fmt::format("training.hidden: tabular_mlp and tabular_embedding take it, {} does not",
                       architecture);
  if (!archs::tabular::is_sane(t.hidden))
    return fmt::format("training.hidden: at most {} layers", archs::tabular::most_hidden);
  if (input != Input::image && t.head != "own")
    return "training.head: only networks for images change it";
  if (t.head == "concat_pool" && t.drop_rate > 0)
    return "training.drop_rate: concat_pool has its own dropout; leave drop_rate out";
  if (t.head == "concat_pool" && (t.batch_size == 1 || t.micro_batch == 1))
    return "training.head: concat_pool norms over the samples of a batch, and learns nothing from "
           "a single one: batch_size and micro_batch are at least 2";
  if (input == Input::number && t.freeze_epochs > 0)
    return "training.freeze_epochs: what learns a function has no body to freeze";
  if (input == Input::image && t.loss == "mse")
    return "training.loss: mse is for tables; of images it is cross_entropy";
  if (input == Input::number && t.loss == "cross_entropy")
    return "training.loss: cross_entropy is for classes; of a function it is mse";
  const bool is_mse = t.loss == "mse" || input == Input::number;
  return is_mse && t.label_smoothing > 0 ? "training.label_smoothing: only cross_entropy has one"
                                         : "";
}

}  // namespace archsweep::runner
