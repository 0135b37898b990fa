// Any bytes as a line of the pipe and as a job: what is understood survives being said again.

#include "runner/support/error.h"
#include "runner/trial/protocol.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const auto text = fuzz::text(bytes, size);
  if (const auto event = runner::decode_event(text)) {
    const auto line = runner::encode(*event);
    fuzz::require(line.ends_with('\n') && line.find('\n') == line.size() - 1, "an event is a line");
    const auto again = runner::decode_event(line);
    fuzz::require(again && runner::encode(*again) == line, "an event survives its line");
  }
  try {
    const auto job = runner::decode_job(text);
    const auto said = runner::encode(job);
    fuzz::require(runner::encode(runner::decode_job(said)) == said, "a job survives its text");
  } catch (const Error&) {
  }
  return 0;
}
