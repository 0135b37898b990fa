// Any bytes as a config: a Config that can be planned, or faults of one line each that name a
// place.

#include "runner/config/config.h"
#include "runner/plan/plan.h"
#include "runner/support/error.h"
#include "tests/fuzz/fuzz.h"

using namespace archsweep;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const fuzz::Folder folder;
  folder.write("c.yaml", fuzz::text(bytes, size));
  try {
    const auto config = runner::read_config(folder.path / "c.yaml");
    fuzz::require(!config.candidates.empty(), "a config has candidates");
    for (const auto& c : config.candidates) {
      fuzz::require(!c.learning_rates.empty() || !c.rules.empty(),
                    "a candidate has learning rates");
      for (const double rate : c.learning_rates)
        fuzz::require(rate > 0 && rate <= 1000, "a learning rate is within its bounds");
    }
    std::size_t trials = 0;
    for (const auto& c : config.candidates)
      trials += (c.learning_rates.size() + c.rules.size()) * config.seeds.size();
    fuzz::require(trials <= 100'000, "a sweep has an end");
    if (trials < 100) fuzz::require(runner::make_plan(config).size() == trials, "all are planned");
  } catch (const Error& e) {
    const std::string_view message = e.what();
    fuzz::require(e.code() == Exit::usage, "a wrong config is the user's fault");
    fuzz::require(message.starts_with(folder.path.string()) || message.starts_with("/"),
                  "a fault names its file");
  }
  return 0;
}
