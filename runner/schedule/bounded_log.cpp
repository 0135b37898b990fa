#include "runner/schedule/bounded_log.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::runner {

BoundedLog::BoundedLog(const std::filesystem::path& path) {
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd_ < 0)
    throw Error(fmt::format("{}: cannot write: {}", path.string(), std::strerror(errno)),
                Exit::environment);
}

BoundedLog::~BoundedLog() {
  if (fd_ >= 0) ::close(fd_);
}

void BoundedLog::write(std::string_view bytes) {
  while (!bytes.empty() && fd_ >= 0) {
    const auto n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {  // a full disk: no reason to end a sweep
      ::close(std::exchange(fd_, -1));
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
    written_ += static_cast<std::size_t>(n);
  }
}

void BoundedLog::add(std::string_view bytes) {
  total_ += bytes.size();
  tail_ += bytes;
  // Cut in large steps, so that a flood of short writes does not move the tail each time.
  if (tail_.size() > 4 * kept_tail) tail_.erase(0, tail_.size() - kept_tail);
  if (written_ < kept_head) write(bytes.substr(0, kept_head - written_));
}

void BoundedLog::close() {
  if (fd_ < 0) return;
  if (total_ > kept_head) {
    const auto rest = std::min(total_ - kept_head, std::min(tail_.size(), kept_tail));
    const auto left_out = total_ - kept_head - rest;
    if (left_out > 0) write(fmt::format("\n[{} left out]\n", human_bytes(double(left_out))));
    write(std::string_view(tail_).substr(tail_.size() - rest));
  }
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

std::string BoundedLog::tail() const {
  std::string_view text = tail_;
  if (text.size() > kept_tail) text.remove_prefix(text.size() - kept_tail);
  // Not from the middle of a character.
  while (!text.empty() && (static_cast<unsigned char>(text.front()) & 0xC0) == 0x80)
    text.remove_prefix(1);
  return printable(text, kept_tail);
}

}  // namespace archsweep::runner
