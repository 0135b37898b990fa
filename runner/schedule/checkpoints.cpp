#include "runner/schedule/checkpoints.h"

#include <limits>

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
  for (const auto& file : fs::directory_iterator(folder_, error)) {
    const auto size = file.file_size(error);
    if (!error) used_ += bytes_[file.path().filename().string()] = static_cast<double>(size);
  }
}

fs::path Checkpoints::path(const std::string& fingerprint) const {
  return folder_ / file_name(fingerprint);
}

bool Checkpoints::has(const std::string& fingerprint) const {
  return bytes_.contains(file_name(fingerprint));
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

// Whoever writes either writes a new file in its place.
bool Checkpoints::share(const std::string& fingerprint, const std::string& with) {
  std::error_code error;
  fs::create_hard_link(path(fingerprint), path(with), error);
  look_at(with);
  return !error;
}

double Checkpoints::limit() const {
  if (configured_ > 0) return configured_;
  std::error_code error;
  const auto space = fs::space(folder_, error);
  if (error) return std::numeric_limits<double>::infinity();
  return (used() + static_cast<double>(space.available)) / 2;
}

}  // namespace archsweep::runner
