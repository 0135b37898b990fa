#include "runner/schedule/kept_weights.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "results/query.h"
#include "runner/support/text.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

struct Kept {
  fs::path file;
  double bytes;
  std::string architecture, keys;
  double top1, latency, throughput;  // NaN: not measured
};

fs::path folder_of(const fs::path& output_folder) {
  return fs::absolute(output_folder) / "weights";
}

// Those whose trial has a result; another's worker may still be at work.
std::vector<Kept> finished(const OutputConfig& output) {
  std::vector<Kept> kept;
  std::vector<std::string> stems;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_of(output.folder), error))
    if (entry.path().extension() == ".safetensors")
      stems.push_back(fmt::format("({})", results::sql_text(entry.path().stem().string())));
  if (stems.empty()) return kept;
  const results::Reader reader(output.database);
  auto rows = reader.open(fmt::format(
      "WITH files (stem) AS (VALUES {}) "
      "SELECT fingerprint, r.architecture, speed_key || ' ' || accuracy_key, top1, latency, "
      "throughput FROM files "
      "CROSS JOIN trials ON fingerprint BETWEEN stem AND stem || 'g' "  // after all digits
      "JOIN results r USING (trial)",
      fmt::join(stems, ", ")));
  while (rows.next()) {
    const auto file = weights_file(output.folder, std::string(rows.text(0)));
    const auto bytes = fs::file_size(file, error);
    if (!error)
      kept.push_back({file, static_cast<double>(bytes), std::string(rows.text(1)),
                      std::string(rows.text(2)), rows.number(3), rows.number(4), rows.number(5)});
  }
  return kept;
}

// At least as good in everything that is known of both, and better in something.
bool beats(const Kept& a, const Kept& b) {
  if (a.keys != b.keys) return false;
  const std::pair<double, double> more_is_better[] = {
      {a.top1, b.top1}, {-a.latency, -b.latency}, {a.throughput, b.throughput}};
  return std::ranges::none_of(more_is_better, [](auto p) { return p.first < p.second; }) &&
         std::ranges::any_of(more_is_better, [](auto p) { return p.first > p.second; });
}

}  // namespace

fs::path weights_file(const fs::path& output_folder, const std::string& fingerprint) {
  return folder_of(output_folder) / (fingerprint.substr(0, 16) + ".safetensors");
}

std::string KeptWeights::path(const std::string& fingerprint) const {
  if (output_.keep_weights == "none") return "";
  return weights_file(output_.folder, fingerprint).string();
}

std::vector<std::string> KeptWeights::thin_out() const {
  auto kept = finished(output_);
  std::error_code ignored;
  if (output_.keep_weights == "frontier") {
    const auto is_beaten = [&](const Kept& b) {
      return std::ranges::any_of(kept, [&](const Kept& a) { return beats(a, b); });
    };
    std::vector<Kept> unbeaten;
    for (const auto& k : kept)
      is_beaten(k) ? (void)fs::remove(k.file, ignored) : unbeaten.push_back(k);
    kept = std::move(unbeaten);
  }
  double used = 0;
  for (const auto& k : kept) used += k.bytes;
  double limit = output_.weights_gib * 1024 * 1024 * 1024;
  if (limit == 0) {
    const auto space = fs::space(folder_of(output_.folder), ignored);
    if (ignored) return {};
    limit = (used + static_cast<double>(space.available)) / 4;
  }
  std::ranges::sort(kept, {}, &Kept::top1);
  std::vector<std::string> lines;
  for (const auto& k : kept) {
    if (used <= limit) break;
    fs::remove(k.file, ignored);
    used -= k.bytes;
    lines.push_back(fmt::format("{}: no room for its trained weights ({} of {} used)",
                                k.architecture, human_bytes(used), human_bytes(limit)));
  }
  return lines;
}

}  // namespace archsweep::runner
