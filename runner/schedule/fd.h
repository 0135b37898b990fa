#pragma once

// Pipes and sockets. What is made here is not inherited by programs, and above fd 3,
// so that a child may put its own ends there.

#include <cstddef>

#include "runner/support/fd.h"

namespace archsweep::runner {

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
