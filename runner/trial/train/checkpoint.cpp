#include "runner/trial/train/checkpoint.h"

#include <algorithm>
#include <map>
#include <mutex>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/error.h"
#include "runner/support/hash.h"
#include "runner/support/whole_file.h"
#include "runner/trial/device.h"
#include "runner/trial/protocol.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr int format_version = 1;  // raised when an old file would be misread
constexpr const char* standing_key = "archsweep_checkpoint";
constexpr const char* checksum_key = "sha256";

std::string to_text(const Standing& s) {
  auto epochs = nlohmann::json::array();
  for (const auto& epoch : s.epochs) epochs.push_back(nlohmann::json::parse(encode(Event(epoch))));
  nlohmann::json json{{"format", format_version},
                      {"worker", s.worker},
                      {"device", s.device},
                      {"split_hash", s.split_hash},
                      {"precision", s.precision},
                      {"micro_batch", s.micro_batch},
                      {"train_memory_bytes", s.train_memory_bytes},
                      {"epochs", epochs},
                      {"fingerprint", fingerprint(s.spec)},  // for a person who looks
                      {"class_names", s.class_names},
                      {"spec", to_json(s.spec)}};
  if (!s.columns.target.empty()) json["columns"] = s.columns;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Standing from_text(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  if (json.at("format") != format_version) throw Error("another format");
  const auto& memory = json.at("train_memory_bytes");
  Standing s{.spec = spec_from_json(json.at("spec")),
             .worker = json.at("worker").get<std::string>(),
             .device = json.at("device").get<std::string>(),
             .split_hash = json.at("split_hash").get<std::string>(),
             .precision = json.at("precision").get<std::string>(),
             .class_names = json.value("class_names", std::vector<std::string>{}),
             .columns = json.value("columns", TableColumns{}),
             .micro_batch = json.at("micro_batch").get<int>(),
             .train_memory_bytes = memory.is_null() ? results::not_measured : memory.get<double>(),
             .epochs = {}};
  for (const auto& row : json.at("epochs")) {
    const auto event = decode_event(row.dump());
    const auto* epoch = event ? std::get_if<results::Epoch>(&*event) : nullptr;
    if (!epoch) throw Error("an epoch that is none");
    s.epochs.push_back(*epoch);
  }
  return s;
}

// Of plain tensors: on the CPU and contiguous.
std::string checksum(const std::string& standing, archs::NamedTensors tensors) {
  std::ranges::sort(tensors, {}, [](const auto& t) { return t.first; });
  Sha256 hash;
  hash.add(standing);
  for (const auto& [name, tensor] : tensors) {
    hash.add(fmt::format("\n{} {} {}\n", name, toString(tensor.scalar_type()),
                         nlohmann::json(tensor.sizes().vec()).dump()));
    hash.add({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  return hash.hex();
}

std::string random_key(const at::Generator& generator) {
  return "random." + c10::DeviceTypeName(generator.device().type(), true);
}

}  // namespace

archs::NamedTensors training_state(const Moving& m) {
  archs::NamedTensors all;
  for (const auto& [key, tensor] : archs::state_dict(m.network))
    all.emplace_back("network." + key, tensor);
  for (const auto& [key, tensor] : m.optimizer.state())
    all.emplace_back("optimizer." + key, tensor);
  for (const auto& [key, tensor] : m.best.state()) all.emplace_back("best." + key, tensor);
  for (const auto& named : m.scaler.state()) all.push_back(named);
  for (auto& generator : generators(m.device)) {
    const std::lock_guard lock(generator.mutex());
    all.emplace_back(random_key(generator), generator.get_state());
  }
  return all;
}

double checkpoint_bytes(const archs::NamedTensors& state) {
  double bytes = 4000;  // specs and epochs
  for (const auto& [name, tensor] : state)
    bytes += static_cast<double>(tensor.nbytes() + name.size()) + 70;  // 70: its entry's words
  return bytes;
}

double write_checkpoint(const fs::path& path, const Standing& standing,
                        const archs::NamedTensors& state) {
  archs::NamedTensors plain;
  for (const auto& [name, tensor] : state)
    plain.emplace_back(name, tensor.detach().cpu().contiguous());
  const auto text = to_text(standing);
  remove_partial_files(path);
  archs::write_tensors(path, plain, {{standing_key, text}, {checksum_key, checksum(text, plain)}});
  std::error_code ignored;
  return static_cast<double>(fs::file_size(path, ignored));
}

Checkpoint read_checkpoint(const fs::path& path) {
  archs::Metadata metadata;
  Checkpoint checkpoint;
  checkpoint.state = archs::read_tensors(path, &metadata);
  const auto& text = metadata[standing_key];
  if (text.empty()) throw Error(path.string() + ": not a checkpoint of archsweep");
  if (checksum(text, checkpoint.state) != metadata[checksum_key])
    throw Error(path.string() + ": damaged: its checksum is another");
  try {
    checkpoint.standing = from_text(text);
  } catch (const std::exception& e) {
    throw Error(fmt::format("{}: of another archsweep: {}", path.string(), e.what()));
  }
  return checkpoint;
}

std::string obstacle(const Standing& saved, const Standing& now) {
  if (saved.worker != now.worker)
    return fmt::format("archsweep {} wrote it, this is {}", saved.worker, now.worker);
  const int had = saved.spec.training.epochs, wanted = now.spec.training.epochs;
  if (trajectory_hash(saved.spec) != trajectory_hash(now.spec)) {
    auto same_epochs = saved.spec;
    same_epochs.training.epochs = wanted;
    if (trajectory_hash(same_epochs) != trajectory_hash(now.spec))
      return "it is of another experiment";
    return fmt::format("it is of {} epochs, and {} have other learning rates from the first on",
                       had, wanted);
  }
  if (std::ssize(saved.epochs) > wanted)
    return fmt::format("it has {} epochs, more than {}", saved.epochs.size(), wanted);
  if (saved.split_hash != now.split_hash) return "the data set has changed since";
  if (saved.device != now.device)
    return fmt::format("it was trained on {}, this is {}", saved.device, now.device);
  return "";
}

void restore(const archs::NamedTensors& saved, const std::string& name, const Moving& moving) {
  const auto live = training_state(moving);
  const std::map<std::string, torch::Tensor> by_name(saved.begin(), saved.end());
  for (const auto& [key, tensor] : live) {
    const auto at = by_name.find(key);
    if (at == by_name.end() || at->second.sizes() != tensor.sizes() ||
        at->second.scalar_type() != tensor.scalar_type())
      throw Error(fmt::format("{}: no tensor '{}' of the network's shape", name, key));
  }
  if (live.size() != saved.size()) throw Error(name + ": tensors that the network does not have");
  torch::NoGradGuard no_grad;
  for (const auto& [key, tensor] : live)
    if (!key.starts_with("random.")) tensor.copy_(by_name.at(key));
  for (auto& generator : generators(moving.device)) {
    const std::lock_guard lock(generator.mutex());
    generator.set_state(by_name.at(random_key(generator)));
  }
}

}  // namespace archsweep::runner
