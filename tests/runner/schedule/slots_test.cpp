#include "runner/schedule/slots.h"

#include <deque>
#include <random>

#include <catch2/catch.hpp>

#include "results/trial.h"

using namespace archsweep::runner;
using archsweep::results::not_measured;

namespace {

using Found = std::optional<std::size_t>;

Slots gpus(const std::vector<double>& memories, std::size_t places = 4) {
  std::vector<Device> devices;
  for (std::size_t d = 0; d < memories.size(); ++d)
    devices.push_back({.name = "cuda:" + std::to_string(d),
                       .places = places,
                       .is_trusting = false,
                       .memory = memories[d]});
  return Slots(devices);
}

// Starts it, if it may.
Found start(Slots& slots, double need) {
  const auto device = Slots::Search(slots).place(need);
  if (device) slots.take(*device, need);
  return device;
}

}  // namespace

TEST_CASE("trials spread over the GPUs, and share one while its memory lasts") {
  auto slots = gpus({10, 10});
  CHECK(start(slots, 4) == Found(0));
  CHECK(start(slots, 4) == Found(1));
  CHECK(start(slots, 4) == Found(0));
  CHECK(start(slots, 4) == Found(1));
  CHECK_FALSE(start(slots, 4));
  CHECK(start(slots, 2) == Found(0));
  slots.give_back(1, 4);
  CHECK(start(slots, 6) == Found(1));
  CHECK(slots.taken(0) == 10);
  CHECK(slots.taken(1) == 10);
  CHECK_FALSE(start(slots, 0.1));
}

TEST_CASE("a GPU takes no more trials than it has places") {
  auto slots = gpus({100}, 3);
  for (int i = 0; i < 3; ++i) CHECK(start(slots, 1));
  CHECK_FALSE(start(slots, 1));
  CHECK(Slots::Search(slots).is_over());
}

TEST_CASE("what others use now counts, too") {
  auto slots = gpus({10});
  slots.set_free(0, 3);  // more than its memory says is gone
  CHECK(start(slots, 5) == Found(0));
  CHECK_FALSE(start(slots, 4));
  slots.set_free(0, 4);
  CHECK(start(slots, 4) == Found(0));
}

TEST_CASE("a trial that is too big for all runs alone on the biggest") {
  auto slots = gpus({10, 20, 19});
  CHECK(start(slots, 50) == Found(1));
  CHECK(start(slots, 50) == Found(2));  // its like
  CHECK_FALSE(start(slots, 50));
  CHECK(start(slots, 1) == Found(0));
  CHECK(start(slots, 9) == Found(0));
  CHECK_FALSE(start(slots, 1));
  CHECK_FALSE(start(slots, not_measured));
  SECTION("one that fits somewhere waits for that") {
    slots.give_back(0, 1), slots.give_back(0, 9);
    CHECK_FALSE(start(slots, 15));
    slots.give_back(2, 50);
    CHECK(start(slots, 15) == Found(2));
  }
}

TEST_CASE("trials of unknown memory share a device only where the user has said how many") {
  SECTION("auto") {
    auto slots = gpus({10, 10});
    CHECK(start(slots, not_measured) == Found(0));
    CHECK(start(slots, not_measured) == Found(1));
    CHECK_FALSE(start(slots, not_measured));
    CHECK_FALSE(start(slots, 1));
    slots.give_back(0, not_measured);
    CHECK(start(slots, 1) == Found(0));
    CHECK_FALSE(start(slots, not_measured));
    CHECK(start(slots, 1) == Found(0));
  }
  SECTION("auto, of a GPU that tells nothing") {
    auto slots = gpus({not_measured});
    CHECK(start(slots, 1) == Found(0));
    CHECK_FALSE(start(slots, 1));
  }
  SECTION("a number") {
    Slots slots(std::vector<Device>{{.name = "cpu", .places = 3, .memory = 10}});
    CHECK(start(slots, not_measured) == Found(0));
    CHECK(start(slots, 7) == Found(0));
    CHECK_FALSE(start(slots, 4));
    CHECK(start(slots, not_measured) == Found(0));
  }
  SECTION("a number, beside one that is too big") {
    Slots slots(std::vector<Device>{{.name = "cpu", .places = 2, .memory = 10}});
    CHECK(start(slots, 11) == Found(0));
    CHECK_FALSE(start(slots, not_measured));
    CHECK_FALSE(start(slots, 0));
  }
}

TEST_CASE("a closed device is as if it were not there") {
  auto slots = gpus({20, 10});
  slots.close(0);
  CHECK(start(slots, 15) == Found(1));  // too big for what is left
  CHECK_FALSE(start(slots, 1));
  CHECK_FALSE(slots.all_are_closed());
  slots.close(1);
  CHECK(slots.all_are_closed());
  CHECK(Slots::Search(slots).is_over());
  slots.open(0);
  CHECK(start(slots, 15) == Found(0));
}

TEST_CASE("a device that is held starts nothing, and is waited for") {
  auto slots = gpus({10, 10});
  slots.hold(0, true);
  CHECK(slots.is_any_held());
  CHECK(start(slots, 5) == Found(1));
  CHECK(start(slots, 5) == Found(1));
  CHECK_FALSE(start(slots, 5));
  slots.hold(0, false);
  CHECK(start(slots, 5) == Found(0));
}

TEST_CASE("small trials do not pass a big one on the GPU that it waits for") {
  auto slots = gpus({10, 10});
  for (const double need : {6, 6, 3}) REQUIRE(start(slots, need));
  Slots::Search search(slots);
  CHECK_FALSE(search.place(9));  // waits for cuda:1, which has less to end
  CHECK(search.place(1) == Found(0));
  CHECK_FALSE(search.place(4));
  CHECK(search.is_over());
}

TEST_CASE("random sweeps on several GPUs: never over the memory, and no trial starves") {
  for (unsigned seed = 0; seed < 300; ++seed) {
    INFO("seed " << seed);
    std::mt19937 random(seed);
    const auto number = [&](double low, double high) {
      return std::uniform_real_distribution(low, high)(random);
    };
    std::vector<double> memories(1 + seed % 4);
    for (auto& m : memories) m = number(8, 80);
    auto slots = gpus(memories);
    struct Running {
      std::size_t device;
      double need;
    };
    std::vector<Running> running;
    // Small trials come without end; among them, one after the other, bigger ones.
    int passed = 0, big_started = 0;
    double big = 0;
    for (int round = 0; round < 3000; ++round) {
      if (big == 0) big = number(5, 120), passed = 0;
      Slots::Search search(slots);
      auto device = search.place(big);
      double need = big;
      if (device) {
        big = 0;
        ++big_started;
      } else {
        need = number(0.5, 6);
        device = search.place(need);
        passed += device.has_value();
      }
      if (device) {
        slots.take(*device, need);
        running.push_back({*device, need});
      }
      std::vector<std::size_t> count(memories.size());
      for (const auto& r : running) ++count[r.device];
      for (std::size_t d = 0; d < memories.size(); ++d) {
        REQUIRE(count[d] <= 4);
        if (count[d] > 1) REQUIRE(slots.taken(d) <= memories[d]);
      }
      REQUIRE(passed < 200);
      if (running.empty() || (device && number(0, 1) < 0.5)) continue;
      const auto at = static_cast<std::ptrdiff_t>(random() % running.size());
      slots.give_back(running[at].device, running[at].need);
      running.erase(running.begin() + at);
    }
    CHECK(big_started > 20);
  }
}
