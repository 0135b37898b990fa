#pragma once

// How much memory the devices have and how much of it is in use, and the Slots told of it.

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "runner/schedule/slots.h"

namespace archsweep::runner {

struct Memory {
  double total = 0, used = 0;  // bytes
};

using ReadMemory = std::function<std::optional<Memory>(const std::string& device)>;

// Of "cpu" or "cuda:0". Nothing: it cannot be learned.
std::optional<Memory> memory_of(const std::string& device);

// Of this machine, or of the tightest cgroup that this process is in. What can be dropped, such as
// the cache of files, is not in use. `root` holds proc/ and sys/.
std::optional<Memory> host_memory(const std::filesystem::path& root = "/");

// Of a trial on a device whose training took `measured` bytes at its peak: on a GPU that is the
// tensors alone, beside which CUDA's context and what its allocator cannot use take room.
double need_of(const std::string& device, double measured);

// What of a device's memory stays free, for what was not foreseen.
double reserve_of(const Memory& memory);

class MemoryWatch {
 public:
  // No `read`: the memory is not ours to watch, as that of Slurm's tasks.
  MemoryWatch(Slots& slots, ReadMemory read, std::function<double()> clock);

  // A worker on the device has ended. A GPU starts nothing until its memory has come back: the
  // driver takes a while.
  void ended(std::size_t device);

  // Reads what is due; returns lines for the user. Call it often.
  std::vector<std::string> look();

 private:
  struct Watched {
    double used = 0;        // when it was empty: by others
    double held_until = 0;  // by the clock, while it is held
    double look_at = 0;     // by the clock
  };
  void look_at(std::size_t device, std::vector<std::string>& lines);

  Slots& slots_;
  ReadMemory read_;
  std::function<double()> clock_;
  std::vector<Watched> watched_;
};

}  // namespace archsweep::runner
