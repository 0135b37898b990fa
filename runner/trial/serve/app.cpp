#include "runner/trial/serve/app.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t image_bytes = 20 << 20;
constexpr http::BodyLimits limits{.bytes = 64 << 20, .parts = 32};  // 32: a batch of `predict`
constexpr int most_asking = 64;

http::Response answer(const Json& json, int status = 200) {
  return {.status = status,
          .type = "application/json",
          .body = json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n",
          .headers = {{"Cache-Control", "no-store"}}};
}

http::Response refused(int status, const std::string& why) {
  auto response = answer({{"error", why}}, status);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

http::Response only(const char* methods) {
  auto response = refused(405, fmt::format("only {} here", methods));
  response.headers.emplace_back("Allow", methods);
  return response;
}

// How many classes are asked for; 0: all, in the order of the vocabulary.
std::size_t top_of(const http::Request& request) {
  const auto found = request.query.find("top");
  if (found == request.query.end()) return 0;
  const auto& text = found->second;
  std::size_t top = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), top);
  if (error != std::errc() || end != text.data() + text.size() || top == 0)
    throw http::Refusal(400, "top: a number of classes, from 1 on");
  return top;
}

Json classes_of(const std::vector<std::string>& names, const std::vector<double>& probabilities,
                std::size_t top) {
  std::vector<std::size_t> order(names.size());
  std::iota(order.begin(), order.end(), 0);
  if (top > 0) {
    std::ranges::stable_sort(order, std::greater(), [&](auto c) { return probabilities[c]; });
    order.resize(std::min(top, order.size()));
  }
  auto classes = Json::array();
  for (const auto c : order)
    classes.push_back({{"class", names[c]}, {"probability", probabilities[c]}});
  return classes;
}

// One more that asks, while it lives.
class Place {
 public:
  explicit Place(std::atomic<int>& taken) : taken_(taken) {
    if (++taken_ <= most_asking) return;
    --taken_;
    throw http::Refusal(503, "too many photos at once; try again in a moment");
  }
  ~Place() { --taken_; }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  std::atomic<int>& taken_;
};

}  // namespace

std::string App::name() const {
  const auto& exported = predictor_.exported();
  return fmt::format("{}, {} classes", exported.architecture(), exported.class_names().size());
}

http::Response App::model() const {
  const auto& exported = predictor_.exported();
  return answer({{"architecture", exported.architecture()},
                 {"image_size", exported.image_size()},
                 {"classes", exported.class_names()},
                 {"limits",
                  {{"image_bytes", image_bytes},
                   {"request_bytes", limits.bytes},
                   {"images", limits.parts}}}});
}

http::Response App::predict(const http::Request& request) {
  const auto top = top_of(request);
  const auto parts = request.read_body(limits);
  const Place place(asking_);  // not before: a slow network would hold it
  if (parts.empty()) throw http::Refusal(400, "no photo in it");
  std::vector<const std::string*> files;
  for (const auto& part : parts) {
    if (part.content.size() > image_bytes)
      throw http::Refusal(
          413, fmt::format("{}: more than {}", part.name.empty() ? "the photo" : part.name,
                           human_bytes(image_bytes)));
    files.push_back(&part.content);
  }
  const auto predictions = predictor_(files);
  auto rows = Json::array();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto& p = predictions[i];
    rows.push_back({{"name", parts[i].name}});
    if (p.status == 200)
      rows.back()["classes"] =
          classes_of(predictor_.exported().class_names(), p.probabilities, top);
    else
      rows.back()["error"] = p.why;
  }
  // As `predict` does: one that cannot be read does not keep the others from being told.
  const bool any = std::ranges::any_of(predictions, [](const auto& p) { return p.status == 200; });
  auto response = answer({{"predictions", rows}}, any ? 200 : predictions[0].status);
  if (parts.size() == 1 && !any) return refused(predictions[0].status, predictions[0].why);
  return response;
}

http::Response App::operator()(const http::Request& request) {
  try {
    if (request.path == "/predict")
      return request.method == "POST" ? predict(request) : only("POST");
    const bool reads = request.method == "GET" || request.method == "HEAD";
    if (request.path == "/model") return reads ? model() : only("GET, HEAD");
    if (request.path == "/healthz") return reads ? answer({{"status", "ok"}}) : only("GET, HEAD");
    if (!reads) return only("GET, HEAD");
    if (auto page = http::find_page(pages(), request)) return *page;
    return refused(404, "there is nothing of that name");
  } catch (const http::Refusal& e) {
    return refused(e.status(), e.what());
  } catch (const std::exception& e) {
    fmt::print(stderr, "{}\n", first_line(e.what()));
    return refused(500, "the server could not do it; its log says why");
  }
}

}  // namespace archsweep::runner
