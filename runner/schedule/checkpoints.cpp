#include "runner/schedule/checkpoints.h"

#include <limits>

namespace archsweep::runner {

namespace fs = std::filesystem;

Checkpoints::Checkpoints(const OutputConfig& output)
    : folder_(fs::absolute(output.folder) / "checkpoints"),
      configured_(output.checkpoint_gib * 1024 * 1024 * 1024) {}

fs::path Checkpoints::path(const std::string& fingerprint) const {
  return folder_ / (fingerprint.substr(0, 16) + ".safetensors");
}

bool Checkpoints::has(const std::string& fingerprint) const {
  std::error_code none;
  return fs::exists(path(fingerprint), none);
}

void Checkpoints::remove(const std::string& fingerprint) const {
  std::error_code ignored;
  fs::remove(path(fingerprint), ignored);
}

double Checkpoints::used() const {
  double bytes = 0;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder_, error)) {
    const auto size = file.file_size(error);
    if (!error) bytes += static_cast<double>(size);
  }
  return bytes;
}

double Checkpoints::limit() const {
  if (configured_ > 0) return configured_;
  std::error_code error;
  const auto space = fs::space(folder_, error);
  if (error) return std::numeric_limits<double>::infinity();
  return (used() + static_cast<double>(space.available)) / 2;
}

}  // namespace archsweep::runner
