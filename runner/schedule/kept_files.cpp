#include "runner/schedule/kept_files.h"

#include <algorithm>
#include <cmath>
#include <iterator>

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
  double quality;              // top1; less the loss where the targets are numbers
  double latency, throughput;  // NaN: not measured
  double fit_time;
};

struct Folder {
  fs::path path;
  std::vector<fs::path> files;
  double bytes = 0;
};

fs::path folder_of(const fs::path& output_folder, const char* name) {
  return fs::absolute(output_folder) / name;
}

fs::path file_of(const fs::path& folder, const std::string& fingerprint) {
  return folder / (fingerprint.substr(0, 16) + ".safetensors");
}

Folder look_into(fs::path path) {
  Folder folder{.path = std::move(path), .files = {}};
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder.path, error)) {
    if (entry.path().extension() != ".safetensors") continue;
    folder.files.push_back(entry.path());
    std::error_code gone;
    if (const auto bytes = entry.file_size(gone); !gone) folder.bytes += double(bytes);
  }
  return folder;
}

// Those whose trial has a result; another's worker may still be at work.
std::vector<Kept> finished(const Folder& folder, const fs::path& database) {
  std::vector<Kept> kept;
  std::vector<std::string> stems;
  for (const auto& file : folder.files)
    stems.push_back(fmt::format("({})", results::sql_text(file.stem().string())));
  if (stems.empty()) return kept;
  const results::Reader reader(database);
  auto rows = reader.open(fmt::format(
      "WITH files (stem) AS (VALUES {}) "
      "SELECT fingerprint, r.architecture, speed_key || ' ' || accuracy_key, "
      "coalesce(top1, -valid_loss, -9e999), latency, throughput, fit_time FROM files "
      "CROSS JOIN trials ON fingerprint BETWEEN stem AND stem || 'g' "  // after all digits
      "JOIN results r USING (trial)",
      fmt::join(stems, ", ")));
  while (rows.next()) {
    const auto file = file_of(folder.path, std::string(rows.text(0)));
    std::error_code error;
    const auto bytes = fs::file_size(file, error);
    if (!error)
      kept.push_back({file, static_cast<double>(bytes), std::string(rows.text(1)),
                      std::string(rows.text(2)), rows.number(3), rows.number(4), rows.number(5),
                      rows.number(6)});
  }
  return kept;
}

// The worst go until what is left takes no more than `limit` bytes. A line for each.
std::vector<std::string> make_room(std::vector<Kept> kept, double limit, const char* what) {
  double used = 0;
  for (const auto& k : kept) used += k.bytes;
  std::ranges::sort(kept, {}, &Kept::quality);
  std::vector<std::string> lines;
  for (const auto& k : kept) {
    if (used <= limit) break;
    std::error_code ignored;
    fs::remove(k.file, ignored);
    used -= k.bytes;
    lines.push_back(fmt::format("{}: no room for its {} ({} of {} used)", k.architecture, what,
                                human_bytes(used), human_bytes(limit)));
  }
  return lines;
}

constexpr double gib = 1024.0 * 1024 * 1024;

// At least as good in everything that is known of both, and better in something. Where no speed is
// known the time of training counts, as in the frontier.
bool beats(const Kept& a, const Kept& b) {
  if (a.keys != b.keys) return false;
  if (std::isnan(a.latency - b.latency) && std::isnan(a.throughput - b.throughput) &&
      a.fit_time > b.fit_time)
    return false;
  const std::pair<double, double> more_is_better[] = {
      {a.quality, b.quality}, {-a.latency, -b.latency}, {a.throughput, b.throughput}};
  return std::ranges::none_of(more_is_better, [](auto p) { return p.first < p.second; }) &&
         std::ranges::any_of(more_is_better, [](auto p) { return p.first > p.second; });
}

}  // namespace

fs::path weights_file(const fs::path& output_folder, const std::string& fingerprint) {
  return file_of(folder_of(output_folder, "weights"), fingerprint);
}

fs::path logits_file(const fs::path& output_folder, const std::string& fingerprint) {
  return file_of(folder_of(output_folder, "logits"), fingerprint);
}

std::string KeptFiles::weights(const std::string& fingerprint) const {
  if (output_.keep_weights == "none") return "";
  return weights_file(output_.folder, fingerprint).string();
}

std::string KeptFiles::logits(const std::string& fingerprint) const {
  return output_.keep_logits ? logits_file(output_.folder, fingerprint).string() : "";
}

void KeptFiles::remove(const std::string& fingerprint) const {
  for (const auto& file :
       {weights_file(output_.folder, fingerprint), logits_file(output_.folder, fingerprint)}) {
    std::error_code ignored;
    fs::remove(file, ignored);
  }
}

std::vector<std::string> KeptFiles::thin_out() const {
  auto lines = thin_out_weights();
  std::ranges::move(thin_out_logits(), std::back_inserter(lines));
  return lines;
}

std::vector<std::string> KeptFiles::thin_out_weights() const {
  const auto folder = look_into(folder_of(output_.folder, "weights"));
  auto kept = finished(folder, output_.database);
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
  double limit = output_.weights_gib * gib;
  if (limit == 0) {
    const auto space = fs::space(folder.path, ignored);
    if (ignored) return {};
    for (const auto& k : kept) limit += k.bytes / 4;
    limit += static_cast<double>(space.available) / 4;
  }
  return make_room(std::move(kept), limit, "trained weights");
}

std::vector<std::string> KeptFiles::thin_out_logits() const {
  const auto folder = look_into(folder_of(output_.folder, "logits"));
  const double limit = output_.logits_gib * gib;
  if (folder.bytes <= limit) return {};
  return make_room(finished(folder, output_.database), limit, "validation logits");
}

}  // namespace archsweep::runner
