#pragma once

// A trial of seconds: a tiny data set on disk, a job for it, and what the worker said.

#include "tests/torch_test.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

#include "runner/trial/data/random.h"
#include "runner/trial/events.h"
#include "runner/trial/protocol.h"
#include "runner/trial/train/train.h"
#include "tests/runner/data/folder.h"

namespace archsweep::runner {

inline std::string big_endian(std::uint32_t value) {
  return {char(value >> 24), char(value >> 16), char(value >> 8), char(value)};
}

// 64 grey images of 32 x 32 in two classes, one brighter than the other, a quarter to validate.
struct SmallTrial {
  Folder folder;

  SmallTrial() {
    constexpr std::uint32_t count = 64, side = 32;
    std::string images =
        big_endian(0x803) + big_endian(count) + big_endian(side) + big_endian(side);
    std::string labels = big_endian(0x801) + big_endian(count);
    Random random(1);
    for (std::uint32_t i = 0; i < count; ++i) {
      labels += char(i % 2);
      for (std::uint32_t p = 0; p < side * side; ++p)
        images += char(random.below(128) + 64 * (i % 2));
    }
    folder.write("data/train-images-idx3-ubyte", images);
    folder.write("data/train-labels-idx1-ubyte", labels);
    // Events of jobs that tests run go to their journals; the pipe leads nowhere.
    if (::fcntl(event_fd, F_GETFD) < 0) {
      const int nowhere = ::open("/dev/null", O_WRONLY);
      if (nowhere != event_fd) ::dup2(nowhere, event_fd), ::close(nowhere);
    }
  }

  std::string path(const std::string& name) const { return (folder.path / name).string(); }

  Job job(const std::string& checkpoint = "") const {
    Job job{
        .kind = "train", .threads = 1, .cache_folder = path("cache"), .journal = path("journal")};
    if (!checkpoint.empty()) job.checkpoint = path(checkpoint);
    job.spec.architecture = "test_vit";
    job.spec.dataset = {.kind = "idx",
                        .root = path("data"),
                        .image_size = 32,
                        .stored_size = 32,
                        .resize = "squish",
                        .channels = 1,
                        .valid_fraction = 0.25,
                        .bad_images = "skip"};
    job.spec.training.epochs = 3;
    job.spec.training.batch_size = 12;
    job.spec.measurement.enabled = false;
    return job;
  }

  // What the journal has afterwards, by kind.
  struct Said {
    std::vector<results::Epoch> epochs;
    std::vector<results::Summary> done;
    std::vector<Paused> paused;
    std::vector<Preflight> preflight;
    std::vector<results::RateSweep> sweeps;
  };
  Said run(const Job& job) const {
    std::filesystem::remove(job.journal);
    at::set_num_threads(1);
    {
      EventSink events(job.journal);
      (job.kind == "train" ? train : job.kind == "lr_find" ? sweep_rates : preflight)(job, events);
    }
    Said said;
    std::ifstream journal(job.journal);
    for (std::string line; std::getline(journal, line);) {
      const auto event = decode_event(line);
      REQUIRE(event);
      if (const auto* e = std::get_if<results::Epoch>(&*event)) said.epochs.push_back(*e);
      if (const auto* d = std::get_if<results::Summary>(&*event)) said.done.push_back(*d);
      if (const auto* p = std::get_if<Paused>(&*event)) said.paused.push_back(*p);
      if (const auto* p = std::get_if<Preflight>(&*event)) said.preflight.push_back(*p);
      if (const auto* s = std::get_if<results::RateSweep>(&*event)) said.sweeps.push_back(*s);
    }
    return said;
  }
};

}  // namespace archsweep::runner
