#include "runner/trial/protocol.h"

#include "runner/trial/json_fields.h"

namespace archsweep::results {

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Environment>
void fields(T& e, auto&& visit) {
  visit("device", e.device);
  visit("device_name", e.device_name);
  visit("driver", e.driver);
  visit("torch", e.torch);
  visit("archsweep", e.archsweep);
  visit("threads", e.threads);
  visit("host", e.host);
  visit("os", e.os);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Epoch>
void fields(T& e, auto&& visit) {
  visit("number", e.number);
  visit("train_loss", e.train_loss);
  visit("train_top1", e.train_top1);
  visit("valid_loss", e.valid_loss);
  visit("valid_top1", e.valid_top1);
  visit("valid_top5", e.valid_top5);
  visit("valid_auc", e.valid_auc, runner::younger);
  visit("plain_top1", e.plain_top1, runner::younger);
  visit("learning_rate", e.learning_rate);
  visit("seconds", e.seconds);
  visit("valid_seconds", e.valid_seconds);
  visit("samples_per_second", e.samples_per_second);
  visit("data_wait_share", e.data_wait_share);
  visit("parameter_names", e.parameter_names, runner::younger);
  visit("parameters", e.parameters, runner::younger);
  visit("gradients", e.gradients, runner::younger);
  visit("x", e.x, runner::younger);
  visit("y", e.y, runner::younger);
  visit("outputs", e.outputs, runner::younger);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Measurement>
void fields(T& m, auto&& visit) {
  visit("kind", m.kind);
  visit("batch_size", m.batch_size);
  visit("dtype", m.dtype);
  visit("layout", m.layout);
  visit("image_size", m.image_size);
  visit("protocol", m.protocol);
  visit("seconds", m.seconds);
  visit("conditions", m.conditions);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Summary>
void fields(T& s, auto&& visit) {
  visit("parameters", s.parameters);
  visit("macs", s.macs);
  visit("activations", s.activations);
  visit("train_memory_bytes", s.train_memory_bytes);
  visit("inference_memory_bytes", s.inference_memory_bytes);
  visit("dtype", s.dtype);
  visit("layout", s.layout);
  visit("micro_batch", s.micro_batch);
  visit("split_hash", s.split_hash);
  visit("train_samples", s.train_samples);
  visit("valid_samples", s.valid_samples);
  visit("classes", s.classes);
  visit("result_epoch", s.result_epoch, runner::younger);
  visit("tta_top1", s.tta_top1, runner::younger);
  visit("tta_loss", s.tta_loss, runner::younger);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, RateSweep>
void fields(T& s, auto&& visit) {
  visit("rates", s.rates);
  visit("losses", s.losses);
}

}  // namespace archsweep::results

namespace archsweep::runner {

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, ValidateJob>
void fields(T& j, auto&& visit) {
  visit("name", j.name);
  visit("weights", j.weights);
  visit("folder", j.folder);
  visit("class_map", j.class_map);
  visit("device", j.device);
  visit("batch_size", j.batch_size);
  visit("image_size", j.image_size);
  visit("limit", j.limit);
  visit("format", j.format);
  visit("logits", j.logits);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, ExportJob>
void fields(T& j, auto&& visit) {
  visit("weights", j.weights);
  visit("fingerprint", j.fingerprint);
  visit("folder", j.folder);
  visit("cache_folder", j.cache_folder);
  visit("measured", j.measured);
  visit("device", j.device);
  visit("is_checked", j.is_checked);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, PredictJob>
void fields(T& j, auto&& visit) {
  visit("folder", j.folder);
  visit("device", j.device);
  visit("batch_size", j.batch_size);
  visit("fold", j.fold);
  visit("all", j.all);
  visit("format", j.format);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, ServeModelJob>
void fields(T& j, auto&& visit) {
  visit("folder", j.folder);
  visit("device", j.device);
  visit("bind", j.bind);
  visit("port", j.port);
  visit("token", j.token);
  visit("is_open", j.is_open);
  visit("docker", j.docker);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Hello>
void fields(T& h, auto&& visit) {
  visit("protocol", h.protocol);
  visit("environment", h.environment);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Progress>
void fields(T& p, auto&& visit) {
  visit("phase", p.phase);
  visit("epoch", p.epoch);
  visit("epochs", p.epochs);
  visit("step", p.step);
  visit("steps", p.steps);
  visit("loss", p.loss);
  visit("samples_per_second", p.samples_per_second);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Prepared>
void fields(T& p, auto&& visit) {
  visit("split_hash", p.split_hash);
  visit("train_samples", p.train_samples);
  visit("valid_samples", p.valid_samples);
  visit("classes", p.classes);
  visit("bad_files", p.bad_files);
  visit("duplicates", p.duplicates);
  visit("cache_file", p.cache_file, younger);
  visit("is_weighted", p.is_weighted, younger);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Paused>
void fields(T& p, auto&& visit) {
  visit("epoch", p.epoch);
  visit("checkpoint_bytes", p.checkpoint_bytes);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, Preflight>
void fields(T& p, auto&& visit) {
  visit("train_step_seconds", p.train_step_seconds);
  visit("latency", p.latency);
  visit("train_memory_bytes", p.train_memory_bytes);
  visit("checkpoint_bytes", p.checkpoint_bytes);
  visit("parameters", p.parameters);
  visit("macs", p.macs);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, BatchView>
void fields(T& v, auto&& visit) {
  visit("epoch", v.epoch);
  visit("images", v.images);
  visit("augmentations", v.augmentations);
  visit("folder", v.folder);
  visit("chosen", v.chosen, younger);
  visit("split_hash", v.split_hash, younger);
}

template <typename T>
requires std::is_same_v<std::remove_const_t<T>, ShownBatch>
void fields(T& s, auto&& visit) {
  visit("classes", s.classes);
  visit("files", s.files);
  visit("mixtures", s.mixtures);
}

namespace {

using namespace nlohmann::literals;

// The word of each alternative of Event, in its order.
constexpr const char* event_names[] = {"hello",     "progress", "epoch",  "measurement",
                                       "prepared",  "done",     "failed", "paused",
                                       "preflight", "rates",    "shown"};
static_assert(std::size(event_names) == std::variant_size_v<Event>);

nlohmann::json failure_to_json(const results::Failure& f) {
  return {{"cause", results::name(f.cause)}, {"message", f.message}};
}

template <std::size_t i = 0>
std::optional<Event> decode_as(const std::string& name, const nlohmann::json& json) {
  if constexpr (i < std::variant_size_v<Event>) {
    using T = std::variant_alternative_t<i, Event>;
    if (name != event_names[i]) return decode_as<i + 1>(name, json);
    if constexpr (std::is_same_v<T, Hello>)
      if (const int protocol = json.at("protocol").get<int>(); protocol != protocol_version)
        return Hello{protocol,
                     {.archsweep = json.value("/environment/archsweep"_json_pointer, "")}};
    if constexpr (std::is_same_v<T, results::Failure>)
      return results::Failure{results::cause(json.at("cause").get<std::string>()),
                              json.at("message").get<std::string>(), ""};
    else
      return fields_from_json<T>(json, name);
  } else {
    return std::nullopt;
  }
}

}  // namespace

std::string encode(const Job& job) {
  return nlohmann::json{{"kind", job.kind},
                        {"spec", to_json(job.spec)},
                        {"device", job.device},
                        {"threads", job.threads},
                        {"cache_folder", job.cache_folder},
                        {"cache_gib", job.cache_gib},
                        {"journal", job.journal},
                        {"checkpoint", job.checkpoint},
                        {"until_epoch", job.until_epoch},
                        {"weights", job.weights},
                        {"logits", job.logits},
                        {"choices", job.choices},
                        {"precision", job.precision},
                        {"view", fields_to_json(job.view)}}
      .dump();
}

std::string tile_name(std::size_t image, std::size_t picture) {
  return fmt::format("{}-{}.png", image, picture);
}

Job decode_job(std::string_view text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) throw Error("job: not a JSON object");
  try {
    return {.kind = json.at("kind").get<std::string>(),
            .spec = spec_from_json(json.at("spec")),
            .device = json.value("device", "cpu"),
            .threads = json.value("threads", 0),
            .cache_folder = json.value("cache_folder", ""),
            .cache_gib = json.value("cache_gib", 0.0),
            .journal = json.value("journal", ""),
            .checkpoint = json.value("checkpoint", ""),
            .until_epoch = json.value("until_epoch", 0),
            .weights = json.value("weights", ""),
            .logits = json.value("logits", ""),
            .choices = json.value("choices", ""),
            .precision = json.value("precision", ""),
            .view = json.contains("view") ? fields_from_json<BatchView>(json["view"], "job.view")
                                          : BatchView{}};
  } catch (const nlohmann::json::exception& e) {
    throw Error(std::string("job: ") + e.what());
  }
}

std::string encode(const ValidateJob& job) {
  return fields_to_json(job).dump();
}
std::string encode(const ExportJob& job) {
  return fields_to_json(job).dump();
}
std::string encode(const PredictJob& job) {
  return fields_to_json(job).dump();
}
std::string encode(const ServeModelJob& job) {
  return fields_to_json(job).dump();
}

template <typename T>
static T decode_argument(std::string_view text) {
  return fields_from_json<T>(nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false),
                             "job");
}

ValidateJob decode_validate_job(std::string_view text) {
  return decode_argument<ValidateJob>(text);
}
ExportJob decode_export_job(std::string_view text) {
  return decode_argument<ExportJob>(text);
}
PredictJob decode_predict_job(std::string_view text) {
  return decode_argument<PredictJob>(text);
}
ServeModelJob decode_serve_model_job(std::string_view text) {
  return decode_argument<ServeModelJob>(text);
}

std::string encode(const Event& event) {
  auto json = std::visit(
      [](const auto& e) {
        if constexpr (std::is_same_v<std::remove_cvref_t<decltype(e)>, results::Failure>)
          return failure_to_json(e);
        else
          return fields_to_json(e);
      },
      event);
  json["event"] = event_names[event.index()];
  // Invalid UTF-8 (a path, a library's message) is replaced, not thrown over.
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::optional<Event> decode_event(std::string_view line) {
  if (line.size() > longest_event) return std::nullopt;
  auto json = nlohmann::json::parse(line, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("event") || !json["event"].is_string())
    return std::nullopt;
  const auto name = json["event"].get<std::string>();
  json.erase("event");
  try {
    return decode_as(name, json);
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace archsweep::runner
