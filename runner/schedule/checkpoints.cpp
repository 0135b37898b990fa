#include "runner/schedule/checkpoints.h"

#include <sys/stat.h>

#include <limits>
#include <set>

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

std::string file_name(const std::string& fingerprint) {
  return fingerprint.substr(0, 16) + ".safetensors";
}

}  // namespace

Checkpoints::Checkpoints(const OutputConfig& output)
    : folder_(fs::absolute(output.folder) / "checkpoints"),
      configured_(output.checkpoint_gib * 1024 * 1024 * 1024) {
  std::error_code error;
  std::set<ino_t> seen;
  for (const auto& file : fs::directory_iterator(folder_, error)) {
    struct stat about {};
    if (::stat(file.path().c_str(), &about) != 0) continue;
    const bool is_link = !seen.insert(about.st_ino).second;
    used_ += bytes_[file.path().filename().string()] =
        is_link ? 0 : static_cast<double>(about.st_size);
  }
}

fs::path Checkpoints::path(const std::string& fingerprint) const {
  return folder_ / file_name(fingerprint);
}

bool Checkpoints::has(const std::string& fingerprint) const {
  return bytes_.contains(file_name(fingerprint));
}

double Checkpoints::bytes(const std::string& fingerprint) const {
  const auto at = bytes_.find(file_name(fingerprint));
  return at == bytes_.end() ? 0 : at->second;
}

void Checkpoints::look_at(const std::string& fingerprint) {
  const auto name = file_name(fingerprint);
  if (const auto old = bytes_.find(name); old != bytes_.end()) {
    used_ -= old->second;
    bytes_.erase(old);
  }
  std::error_code error;
  const auto size = fs::file_size(folder_ / name, error);
  if (!error) used_ += bytes_[name] = static_cast<double>(size);
}

void Checkpoints::remove(const std::string& fingerprint) {
  if (!has(fingerprint)) return;
  std::error_code ignored;
  fs::remove(path(fingerprint), ignored);
  look_at(fingerprint);
}

// Whoever writes either writes a new file in its place; until then a link takes no room.
bool Checkpoints::share(const std::string& fingerprint, const std::string& with, bool is_plan) {
  std::error_code error;
  if (!is_plan) fs::create_hard_link(path(fingerprint), path(with), error);
  if (!error) {
    bytes_[file_name(with)] = 0;
    return true;
  }
  // A file system without links.
  const bool is_copied = fs::copy_file(path(fingerprint), path(with), error) && !error;
  look_at(with);
  return is_copied;
}

double Checkpoints::limit() const {
  if (configured_ > 0) return configured_;
  std::error_code error;
  const auto space = fs::space(folder_, error);
  if (error) return std::numeric_limits<double>::infinity();
  return (used() + static_cast<double>(space.available)) / 2;
}

}  // namespace archsweep::runner
