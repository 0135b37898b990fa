#pragma once

// Where trials run: the devices of this machine or tasks of Slurm, how many trials each takes at
// once, and how much memory they may take together.

#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "runner/config/config.h"

namespace archsweep::runner {

// Of each trial that surely has room: with `slots: auto` a GPU once, the CPU once. Throws Error
// (Exit::environment) when there is none of the wanted kind.
std::vector<std::string> devices_of_slots(const SchedulerConfig& config);

// Each device once, for jobs that run alone there: of tasks of Slurm, which only look the same,
// all.
std::vector<std::string> devices_once(const SchedulerConfig& config);

// Of one trial, when so many run at once. Trials that share a GPU share its threads too: a number
// that changed with the company would make their speeds incomparable.
int threads_of(const SchedulerConfig& config, std::size_t slots);

struct Device {
  std::string name;
  std::size_t places = 1;  // trials at once, at most
  // Whether two trials may run at once though the memory or a need is not known.
  bool is_trusting = true;
  double memory = std::numeric_limits<double>::quiet_NaN();  // bytes; NaN: not known
};

// Memory in bytes; a need that is NaN is not known. No device gives more than it has, but to a
// trial that is too big for all: it runs alone.
class Slots {
 public:
  explicit Slots(const SchedulerConfig& config);
  explicit Slots(std::vector<Device> devices);

  std::size_t size() const { return places_.size(); }  // devices
  const std::string& device(std::size_t d) const { return places_[d].device.name; }
  double memory(std::size_t d) const { return places_[d].device.memory; }
  bool is_empty(std::size_t d) const { return places_[d].needs.empty(); }
  double taken(std::size_t d) const;  // by needs that are known

  // What trials may take together; to be told when the device is empty.
  void set_memory(std::size_t d, double bytes) { places_[d].device.memory = bytes; }
  // What is free at this moment, others' use included; NaN: not known.
  void set_free(std::size_t d, double bytes) { places_[d].free = bytes; }
  // Starts nothing for a while; trials wait for it all the same.
  void hold(std::size_t d, bool is_held) { places_[d].is_held = is_held; }
  bool is_held(std::size_t d) const { return places_[d].is_held; }
  bool is_any_held() const;
  // As if it were not there, until it is opened again.
  void close(std::size_t d) { places_[d].is_closed = true; }
  void open(std::size_t d) { places_[d].is_closed = false; }
  bool all_are_closed() const;

  void take(std::size_t d, double need) { places_[d].needs.push_back(need); }
  void give_back(std::size_t d, double need);

  // Finds a device for the most wanted trial, and if that one has to wait, for the next, and so on.
  // A trial that waits keeps the device that is nearest to empty from those behind it.
  class Search {
   public:
    explicit Search(const Slots& slots) : slots_(slots), kept_(slots.size(), false) {}
    std::optional<std::size_t> place(double need);
    bool is_over() const;  // no device could take another one

   private:
    const Slots& slots_;
    std::vector<bool> kept_;
  };

 private:
  struct Place {
    Device device;
    std::vector<double> needs = {};  // of what runs
    double free = std::numeric_limits<double>::quiet_NaN();
    bool is_held = false, is_closed = false;
  };
  bool is_meant(std::size_t d, double need) const;
  bool has_room(std::size_t d, double need) const;

  std::vector<Place> places_;
};

}  // namespace archsweep::runner
