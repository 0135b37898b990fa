#pragma once

// How the two programs talk; the only header (with spec.h) that both share. No LibTorch.
//
//   stdin   one JSON object, the job, then end of file
//   fd 3    events, one JSON object a line, flushed at once. Where there is no fd 3 (a person runs
//           the worker by hand), events go to stdout.
//   journal the same lines but `progress`, appended to the file that the job names: what a
//           scheduler that died reads afterwards
//   stdout, stderr  free for libraries to write on; the scheduler keeps the tail of stderr
//
//   {"event":"hello","protocol":2,"environment":{...}}
//   {"event":"progress","phase":"train","epoch":1,"step":12,"steps":157,...}
//   {"event":"epoch","number":1,"train_loss":1.24,...}
//   {"event":"measurement","kind":"latency","batch_size":1,"seconds":[...]}
//   {"event":"done", ...}   or   {"event":"failed","cause":"diverged","message":"..."}
//
// `hello` comes first; exactly one of `done`, `paused`, `prepared`, `preflight`, `rates`, `shown`
// and `failed` last.
// A process that ends without one has crashed, whatever its exit status says. A worker whose
// scheduler is gone is killed by the kernel (PR_SET_PDEATHSIG). A `hello` of another protocol
// decodes to its number and its version.
//
// `archsweep-trial fork-server` loads LibTorch and forks workers. Its fd 3 is a SOCK_SEQPACKET
// socket: it says `hello`, and then takes ForkRequests. With each come four descriptors: the
// worker's stdin, its fd 3, its stdout and stderr, and a pipe. Into the pipe the worker writes its
// pid (an int) once it is the scheduler's child; a pipe that is closed without one tells that there
// is no worker.

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "results/trial.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

inline constexpr int protocol_version = 2;
inline constexpr int event_fd = 3;
// Of a line, in bytes: a `prepared` names every file that is left out.
inline constexpr std::size_t longest_event = 64 << 20;

// What a "show_batch" job shows: the first images of an epoch of training. And a "show_images" job:
// the chosen images of the data set as they are stored, if it is the one of this split.
struct BatchView {
  int epoch = 1;
  int images = 16;  // of the first batches; fewer where the epoch has no more
  // Beside each stored image: what each of these makes of it.
  std::vector<std::vector<AugmentStep>> augmentations;
  std::string folder;  // where the pictures go (tile_name), as PNG
  // Of a "show_images" job.
  std::vector<std::uint32_t> chosen;
  std::string split_hash;
};

// Of an image's pictures: 0 is the stored one, then one an augmentation.
std::string tile_name(std::size_t image, std::size_t picture);

struct Job {
  // "train"; "prepare": read, check, split and cache the data set, no network; "preflight": build
  // the network and take one training step and a few timed forwards at the real shape; "bench":
  // time the spec's network on random input; "nothing": `hello` and an empty `done`, to measure
  // and test what a process of its own costs; "lr_find": train a hundred steps while the learning
  // rate rises; "show_batch", "show_images": draw what a batch is made of, or chosen images, no
  // network
  std::string kind;
  TrialSpec spec;
  std::string device = "cpu";
  int threads = 0;           // 0: all cores
  std::string cache_folder;  // where decoded data sets are kept
  double cache_gib = 0;      // of them at most; 0: what the disk has room for
  std::string journal;       // "" : none
  std::string
      checkpoint;       // file to go on from where it is there, written after each epoch; "": none
  int until_epoch = 0;  // pause after this epoch; 0: train to the end
  std::string weights;  // file for the weights of a training that is done; "": none
  std::string logits;   // file for what it then says of the validation images; "": none
  // Where `precision: auto` is remembered from trial to trial (train/choose_precision.h); "": not.
  std::string choices;
  std::string precision;  // what it stands for in this job; "": not known yet
  BatchView view;
};

// `archsweep validate`: measures a network with given weights, on a folder a class. Not a trial: it
// is the one argument of `archsweep-trial validate`, which prints the result on stdout.
struct ValidateJob {
  std::string name;       // "resnet18.a1_in1k", or the architecture's alone: its default tag's
  std::string weights;    // safetensors file
  std::string folder;     // of class folders
  std::string class_map;  // "": none
  std::string device = "auto";  // auto, cpu, cuda:N
  int batch_size = 64;
  int image_size = 0;  // 0: what timm tests the weights at
  int limit = 0;       // images; 0: all
  std::string format = "table";
  std::string logits;  // safetensors file to write logits and labels to; "": none
};

// `archsweep export`: trained weights as timm's model folder; the one argument of
// `archsweep-trial export`.
struct ExportJob {
  std::string weights;       // file that a training left behind (train/trained.h)
  std::string fingerprint;   // of the trial that they are of
  std::string folder;        // to write
  std::string cache_folder;  // of decoded data sets
  std::string measured;      // JSON object of what was measured of the trial
  std::string device = "auto";
  bool is_checked = true;  // on the validation images, before and after reloading
};

// `archsweep predict`: the first argument of `archsweep-trial predict`; the others are images and
// folders of them. It prints the rows on stdout.
struct PredictJob {
  std::string folder;  // of an export
  std::string device = "auto";
  int batch_size = 32;
  bool fold = true;  // batch norms into the layers before them: faster, the same but for rounding
  bool all = false;  // classes, in the order of the vocabulary; else the likeliest alone
  std::string format = "table";
};

// `archsweep serve-model`: the one argument of `archsweep-trial serve-model`.
struct ServeModelJob {
  std::string folder;  // of an export
  std::string device = "auto";
  std::string bind = "127.0.0.1";
  int port = 8000;          // 0: any that is free
  std::string token;        // what clients must have; "": made where others can come
  bool is_open = false;     // no token and any host name: what is in front decides who may come
  std::string docker = {};  // folder to write for `docker build`, instead of serving
};

struct Hello {
  int protocol = protocol_version;
  results::Environment environment;
};

inline constexpr const char* fork_server_word = "fork-server";
inline constexpr std::size_t longest_title = 100;  // the server's second argument, blanks so far
inline constexpr std::size_t fork_request_fds = 4;

struct ForkRequest {
  int scheduler = 0;                   // pid
  char title[longest_title + 1] = {};  // what `ps` shows of the worker
};

struct Progress {
  std::string phase;  // "data", "download" (steps are MiB), "train", "validate", "measure",
                      // "preflight"; "wait": for others to leave the device, then "start"
  int epoch = 0, epochs = 0;
  int step = 0, steps = 0;
  double loss = results::not_measured;
  double samples_per_second = results::not_measured;
};

// End of a `prepare` job.
struct Prepared {
  std::string split_hash;
  int train_samples = 0, valid_samples = 0, classes = 0;
  std::vector<std::string> bad_files;   // "path: why", left out
  std::vector<std::string> duplicates;  // "path = path": a validation image that is trained on
  std::string cache_file;               // of the decoded images
  bool is_weighted = false;             // a table tells how much images count
};

// End of a `train` job that stopped at its rung; the checkpoint holds all that going on needs.
struct Paused {
  int epoch = 0;
  double checkpoint_bytes = 0;  // 0: it could not be written; going on trains some epochs again
};

// End of a `preflight` job. Seconds are medians; memory is the peak.
struct Preflight {
  double train_step_seconds = results::not_measured;  // of a batch of the trial's size
  double latency = results::not_measured;             // seconds, batch 1
  double train_memory_bytes = results::not_measured;
  double checkpoint_bytes = results::not_measured;
  std::int64_t parameters = 0;
  std::int64_t macs = 0;
};

// End of a `show_batch` or `show_images` job; all in the order of the images.
struct ShownBatch {
  std::vector<std::string> classes;
  std::vector<std::string> files;
  // What each augmentation makes of the class, in lines "70 % cat"; "": it stays.
  std::vector<std::vector<std::string>> mixtures;
};

using Event =
    std::variant<Hello, Progress, results::Epoch, results::Measurement, Prepared, results::Summary,
                 results::Failure, Paused, Preflight, results::RateSweep, ShownBatch>;

std::string encode(const Job&);
Job decode_job(std::string_view json);  // throws Error

std::string encode(const ValidateJob&);
ValidateJob decode_validate_job(std::string_view json);  // throws Error

std::string encode(const ExportJob&);
ExportJob decode_export_job(std::string_view json);  // throws Error

std::string encode(const PredictJob&);
PredictJob decode_predict_job(std::string_view json);  // throws Error

std::string encode(const ServeModelJob&);
ServeModelJob decode_serve_model_job(std::string_view json);  // throws Error

std::string encode(const Event&);  // one line, newline included; NaN is null
// nullopt when the line is malformed, too long (longest_event) or of an unknown kind: noise on the
// pipe is not an error.
std::optional<Event> decode_event(std::string_view line);

}  // namespace archsweep::runner
