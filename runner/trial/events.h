#pragma once

// Where a worker's events go: the pipe to the scheduler (fd 3, or stdout by hand) and, all but
// progress, the journal.

#include <string>

#include "runner/trial/protocol.h"

namespace archsweep::runner {

class EventSink {
 public:
  // Throws Error (Exit::environment) when the journal cannot be opened; "" means none.
  explicit EventSink(const std::string& journal);
  ~EventSink();
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;

  // Throws Error (Exit::environment) when the journal cannot be written, but of `failed`. A pipe whose reader is
  // gone is not an error: the journal has the event.
  void send(const Event& event);

 private:
  int pipe_ = -1;
  int journal_ = -1;
  std::string journal_path_;
};

}  // namespace archsweep::runner
