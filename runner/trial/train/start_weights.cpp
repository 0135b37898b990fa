#include "runner/trial/train/start_weights.h"

#include <chrono>
#include <filesystem>

#include <fmt/format.h>

#include "archs/weights/hub.h"
#include "archs/weights/load.h"
#include "archs/weights/pretrained.h"
#include "runner/support/clock.h"

namespace archsweep::runner {

void load_start_weights(archs::Network& network, const std::string& architecture,
                        const std::string& from, EventSink& events) {
  constexpr std::chrono::milliseconds apart{500};
  if (from == "none") return;
  std::filesystem::path file = from;
  if (from == "pretrained") {
    const auto& weights = archs::find_pretrained(architecture);
    const auto show = archs::show_download(weights.name(), stderr);
    file = archs::weights_file(
        archs::hub_from_environment(), weights,
        [&, last = Clock::time_point{}](std::uint64_t done, std::uint64_t total) mutable {
          show(done, total);
          if (Clock::now() - last < apart) return;
          last = Clock::now();
          constexpr std::uint64_t mib = 1 << 20;
          events.send(Progress{.phase = "download",
                               .step = static_cast<int>(done / mib),
                               .steps = static_cast<int>(total / mib)});
        });
  }
  for (const auto& note : archs::load_weights(network, file, {.other_classes = true}))
    fmt::print(stderr, "{}\n", note);
}

}  // namespace archsweep::runner
