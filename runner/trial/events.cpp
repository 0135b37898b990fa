#include "runner/trial/events.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "runner/support/error.h"

namespace archsweep::runner {
namespace {

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

EventSink::EventSink(const std::string& journal)
    : pipe_(::fcntl(event_fd, F_GETFD) >= 0 ? event_fd : STDOUT_FILENO), journal_path_(journal) {
  if (journal.empty()) return;
  journal_ = ::open(journal.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (journal_ < 0)
    throw Error(fmt::format("{}: cannot open the journal: {}", journal, std::strerror(errno)),
                Exit::environment);
}

EventSink::~EventSink() {
  if (journal_ >= 0) ::close(journal_);
}

void EventSink::send(const Event& event) {
  const auto line = encode(event);
  if (const auto* progress = std::get_if<Progress>(&event)) {
    // The journal is spared it; its time says that the worker lives, where nobody reads the pipe.
    if (journal_ >= 0 && progress->phase != "wait" && progress->phase != "start")
      ::futimens(journal_, nullptr);
    else if (journal_ >= 0)
      write_all(journal_, line);
    write_all(pipe_, line);
    return;
  }
  // The journal first: what the scheduler has seen must be there after a crash. That the journal
  // cannot be written is told without it.
  if (journal_ >= 0 && (!write_all(journal_, line) || ::fdatasync(journal_) != 0) &&
      !std::holds_alternative<results::Failure>(event))
    throw Error(
        fmt::format("{}: cannot write the journal: {}", journal_path_, std::strerror(errno)),
        Exit::environment);
  write_all(pipe_, line);
}

}  // namespace archsweep::runner
