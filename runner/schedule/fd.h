#pragma once

// File descriptors with an owner. What is made here is not inherited by programs, and above fd 3,
// so that a child may put its own ends there.

#include <cstddef>
#include <utility>

namespace archsweep::runner {

// Closed with its owner.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept;
  ~Fd() { reset(); }
  void reset();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct Pipe {
  Fd read, write;
};
Pipe make_pipe();  // throws Error (Exit::environment), as does the next

struct Connection {
  Fd ours, theirs;
};
Connection make_connection();  // of whole messages (SOCK_SEQPACKET)

// Waits for a value from the other end; false when that is closed without one.
bool read_value(int fd, void* value, std::size_t size);

}  // namespace archsweep::runner
