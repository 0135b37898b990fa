#pragma once

// The server that forks workers (protocol.h): a program that has LibTorch loaded and has run
// nothing of it.

namespace archsweep::runner {

// Returns true in a worker, whose stdin is its job now, and false when the scheduler is gone.
// `argv` is main's: its second and third word are overwritten with what `ps` shall show.
bool fork_workers(int argc, char** argv);

}  // namespace archsweep::runner
