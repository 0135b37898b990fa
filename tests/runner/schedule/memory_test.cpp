#include "runner/schedule/memory.h"

#include <filesystem>
#include <fstream>

#include <catch2/catch.hpp>

#include "results/trial.h"
#include "tests/runner/data/folder.h"

using namespace archsweep::runner;
using Catch::Matchers::Contains;

namespace {

constexpr double kib = 1024, gib = 1 << 30;

void put(const std::filesystem::path& file, const std::string& text) {
  std::filesystem::create_directories(file.parent_path());
  std::ofstream(file) << text;
}

// A machine of 16 GiB of which 12 are to be had.
struct Machine : Folder {
  Machine() {
    put(path / "proc/meminfo",
        "MemTotal: 16777216 kB\nMemFree: 9 kB\nMemAvailable:   12582912 kB\n");
  }
  void check(double total, double used) const {
    const auto memory = host_memory(path);
    REQUIRE(memory);
    CHECK(memory->total == total);
    CHECK(memory->used == used);
  }
};

// One GPU of 80 GiB whose use is set by hand, and a clock likewise.
struct Gpu {
  double used = 1 * gib, now = 100;
  bool is_there = true;
  Slots slots{std::vector<Device>{{.name = "cuda:0", .places = 4, .is_trusting = false}}};
  MemoryWatch watch{slots,
                    [this](const std::string&) {
                      return is_there ? std::optional(Memory{80 * gib, used}) : std::nullopt;
                    },
                    [this] { return now; }};
};

}  // namespace

TEST_CASE("the memory of a machine is what it has, or what its cgroups allow") {
  const Machine machine;
  machine.check(16 * gib, 4 * gib);
  SECTION("version 2, and a tighter one above") {
    put(machine.path / "proc/self/cgroup", "1:name=systemd:/x\n0::/user/night\n");
    const auto groups = machine.path / "sys/fs/cgroup/user";
    put(groups / "night/memory.max", "max\n");
    put(groups / "night/memory.current", "1\n");
    machine.check(16 * gib, 4 * gib);
    put(groups / "memory.max", "8589934592\n");
    put(groups / "memory.current", "3221225472\n");
    put(groups / "memory.stat", "anon 5\ninactive_file 1073741824\nactive_file 7\n");
    machine.check(8 * gib, 2 * gib);
    put(groups / "memory.current", "9663676416\n");  // over it, as the kernel lets be for a moment
    machine.check(8 * gib, 8 * gib);
  }
  SECTION("version 1") {
    put(machine.path / "proc/self/cgroup", "4:memory:/job\n");
    const auto group = machine.path / "sys/fs/cgroup/memory/job";
    put(group / "memory.limit_in_bytes", "9223372036854771712\n");
    put(group / "memory.usage_in_bytes", "2147483648\n");
    machine.check(16 * gib, 4 * gib);
    put(group / "memory.limit_in_bytes", "15032385536\n");
    machine.check(14 * gib, 2 * gib);  // 12 free, here and there
  }
  CHECK_FALSE(host_memory(machine.path / "nothing"));
  REQUIRE(memory_of("cpu"));
  CHECK(memory_of("cpu")->total > 64 * 1024 * kib);
}

TEST_CASE("a GPU's memory is read when it is empty, and its reserve left") {
  Gpu gpu;
  CHECK(gpu.watch.look().empty());
  CHECK(gpu.slots.memory(0) == 75 * gib);  // less 1 in use, 4 of reserve
  gpu.slots.take(0, 30 * gib);
  gpu.now += 10, gpu.used = 20 * gib;  // ours or others': it cannot be told
  gpu.watch.look();
  CHECK(gpu.slots.memory(0) == 75 * gib);
  CHECK(Slots::Search(gpu.slots).place(45 * gib));
  gpu.now += 10, gpu.used = 40 * gib;
  gpu.watch.look();
  CHECK_FALSE(Slots::Search(gpu.slots).place(45 * gib));
  CHECK(Slots::Search(gpu.slots).place(36 * gib));
}

TEST_CASE("after a trial the next waits until the GPU's memory has come back, for a while") {
  Gpu gpu;
  gpu.watch.look();
  gpu.slots.take(0, 30 * gib);
  gpu.slots.take(0, 10 * gib);
  gpu.used = 38 * gib, gpu.now += 60;
  gpu.watch.look();
  gpu.slots.give_back(0, 30 * gib);
  gpu.watch.ended(0);
  CHECK(gpu.watch.look().empty());
  CHECK(gpu.slots.is_held(0));
  SECTION("it comes back") {
    gpu.used = 10.5 * gib, gpu.now += 0.3;
    CHECK(gpu.watch.look().empty());
    CHECK_FALSE(gpu.slots.is_held(0));
    CHECK(gpu.slots.memory(0) == 75 * gib);
  }
  SECTION("it does not: somebody else has it") {
    gpu.slots.give_back(0, 10 * gib);
    gpu.watch.ended(0);
    gpu.now += 29;
    CHECK(gpu.watch.look().empty());
    CHECK(gpu.slots.is_held(0));
    gpu.now += 1;
    const auto lines = gpu.watch.look();
    REQUIRE(lines.size() == 1);
    CHECK_THAT(lines[0], Contains("cuda:0: 38 GiB are still in use 30s after"));
    CHECK_FALSE(gpu.slots.is_held(0));
    CHECK(gpu.slots.memory(0) == 38 * gib);
  }
  SECTION("it can no longer be read") {
    gpu.is_there = false;
    gpu.watch.look();
    CHECK_FALSE(gpu.slots.is_held(0));
  }
}

TEST_CASE("the CPU's memory is free when a process has ended") {
  Slots slots(std::vector<Device>{{.name = "cpu", .places = 2}});
  MemoryWatch watch(
      slots,
      [](const std::string&) {
        return Memory{10 * gib, 2 * gib};
      },
      [] { return 0.; });
  watch.look();
  CHECK(slots.memory(0) == 7.5 * gib);
  watch.ended(0);
  CHECK_FALSE(slots.is_held(0));
}
