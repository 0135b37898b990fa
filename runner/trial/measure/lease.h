#pragma once

// Who may use a device now: one that times alone, or any number that train. Two lock files a
// device, which every archsweep process of this machine uses and which the kernel frees when a
// process ends, however it ends:
//
//   DEVICE.use   held shared by who trains, alone by who times
//   DEVICE.gate  held alone by who times or waits to time. Who trains passes it before each step,
//   and
//                so lets go of the device within a step: nobody waits for long, on either side.

#include <filesystem>
#include <functional>
#include <string>

namespace archsweep::runner {

class Lease {
 public:
  // `device` names the files: "cpu", or a GPU's PCI bus id. `waiting` is called with
  // true when another process must be waited for, and with false when that is over. Throws Error
  // (Exit::environment) when the files cannot be opened.
  Lease(const std::string& device, std::function<void(bool)> waiting);
  ~Lease();  // lets go
  Lease(const Lease&) = delete;
  Lease& operator=(const Lease&) = delete;

  void share();  // to train; again, when is_wanted(): lets whoever wants to time do so first
  void alone();  // to time; also after share()
  // Whether someone wants to time: to be asked between steps of training.
  bool is_wanted();

 private:
  void lock(int fd, int how);

  int gate_ = -1, use_ = -1;
  std::function<void(bool)> waiting_;
};

// $ARCHSWEEP_LOCKS, or /run/lock (the standard's place for locks of devices) where everyone may
// write there, or /tmp.
std::filesystem::path lock_folder();

}  // namespace archsweep::runner
