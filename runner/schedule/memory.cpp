#include "runner/schedule/memory.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "runner/support/text.h"
#include "runner/trial/measure/nvml.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

constexpr double gib = 1 << 30;
constexpr double longest_wait = 30;  // seconds for the memory of a worker that has ended
constexpr double look_apart = 1;     // seconds

// The number after a word at the start of a line, as /proc/meminfo and memory.stat have it.
std::optional<double> number_after(const fs::path& file, const std::string& word) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(word)) return std::strtod(line.c_str() + word.size(), nullptr);
  return std::nullopt;
}

std::optional<double> number_in(const fs::path& file) {
  std::ifstream in(file);
  double value = 0;
  return in >> value ? std::optional(value) : std::nullopt;  // "max" is none
}

// The names that the versions of cgroups have for the same.
struct CgroupFiles {
  const char *folder, *limit, *usage, *droppable;
};
constexpr CgroupFiles version_2{"sys/fs/cgroup", "memory.max", "memory.current", "inactive_file "};
constexpr CgroupFiles version_1{"sys/fs/cgroup/memory", "memory.limit_in_bytes",
                                "memory.usage_in_bytes", "total_inactive_file "};

// Narrows `memory` to the limits of a group and of those that it is in.
void narrow(Memory& memory, const fs::path& root, const CgroupFiles& files, fs::path group) {
  for (;; group = group.parent_path()) {
    const auto folder = root / files.folder / group;
    const auto limit = number_in(folder / files.limit), usage = number_in(folder / files.usage);
    if (limit && usage && *limit < memory.total) {
      const double used =
          *usage - number_after(folder / "memory.stat", files.droppable).value_or(0);
      const double free = std::min(memory.total - memory.used, std::max(0.0, *limit - used));
      memory = {*limit, *limit - free};
    }
    if (group.empty()) return;
  }
}

}  // namespace

std::optional<Memory> host_memory(const fs::path& root) {
  const auto total = number_after(root / "proc/meminfo", "MemTotal:"),
             available = number_after(root / "proc/meminfo", "MemAvailable:");
  if (!total || !available) return std::nullopt;
  Memory memory{*total * 1024, (*total - *available) * 1024};
  std::ifstream groups(root / "proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {  // "0::/a/b", "4:memory:/a/b"
    const auto parts = split(line, ':');
    if (parts.size() < 3) continue;
    const auto group = fs::path(parts[2]).relative_path();
    if (parts[0] == "0") narrow(memory, root, version_2, group);
    if (parts[1] == "memory") narrow(memory, root, version_1, group);
  }
  return memory;
}

std::optional<Memory> memory_of(const std::string& device) {
  if (device == "cpu") return host_memory();
  const auto gpu = gpu_memory(pci_bus_id(std::atoi(device.substr(device.find(':') + 1).c_str())));
  return gpu ? std::optional(Memory{gpu->total, gpu->used}) : std::nullopt;
}

double need_of(const std::string& device, double measured) {
  return device == "cpu" ? measured : 1.15 * measured + 0.75 * gib;
}

double reserve_of(const Memory& memory) {
  return std::min(std::max(0.05 * memory.total, 0.5 * gib), 0.2 * memory.total);
}

MemoryWatch::MemoryWatch(Slots& slots, ReadMemory read, std::function<double()> clock)
    : slots_(slots), read_(std::move(read)), clock_(std::move(clock)), watched_(slots.size()) {}

void MemoryWatch::ended(std::size_t d) {
  watched_[d].look_at = 0;
  if (slots_.device(d) == "cpu") return;
  watched_[d].held_until = clock_() + longest_wait;
  slots_.hold(d, true);
}

std::vector<std::string> MemoryWatch::look() {
  std::vector<std::string> lines;
  const double now = clock_();
  for (std::size_t d = 0; d < slots_.size(); ++d) {
    if (now < watched_[d].look_at && !slots_.is_held(d)) continue;
    watched_[d].look_at = now + look_apart;
    look_at(d, lines);
  }
  return lines;
}

void MemoryWatch::look_at(std::size_t d, std::vector<std::string>& lines) {
  const auto memory = read_ ? read_(slots_.device(d)) : std::nullopt;
  if (!memory) return slots_.hold(d, false);
  auto& w = watched_[d];
  if (slots_.is_held(d)) {
    constexpr double slack = 0.25 * gib;
    const bool is_back = memory->used <= w.used + slots_.taken(d) + slack;
    if (!is_back && clock_() < w.held_until) return;
    if (!is_back)
      lines.push_back(fmt::format(
          "{}: {} are still in use {} after a trial ended there, {} before it; going on beside it",
          slots_.device(d), human_bytes(memory->used), human_duration(longest_wait),
          human_bytes(w.used)));
    slots_.hold(d, false);
  }
  const double free = memory->total - memory->used - reserve_of(*memory);
  slots_.set_free(d, free);
  if (!slots_.is_empty(d)) return;
  w.used = memory->used;
  slots_.set_memory(d, std::max(0.0, free));
}

}  // namespace archsweep::runner
