// archsweep-trial, the worker: does the one job it is handed.

#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <torch/version.h>

#include "runner/support/error.h"
#include "runner/trial/describe.h"
#include "runner/trial/export.h"
#include "runner/trial/fork_server.h"
#include "runner/trial/job.h"
#include "runner/trial/parity.h"
#include "runner/trial/predict.h"
#include "runner/trial/protocol.h"
#include "runner/trial/serve/serve_model.h"
#include "runner/trial/validate.h"

namespace {

using archsweep::Error;
using archsweep::Exit;

constexpr const char* usage =
    "archsweep-trial: the worker of archsweep; `archsweep run` starts it.\n"
    "  archsweep-trial < job.json       do a job (runner/trial/protocol.h), events on fd 3\n"
    "  archsweep-trial fork-server      fork workers (likewise), requests on fd 3\n"
    "  archsweep-trial parity [--train | --keys] NAME[=GAIN]...\n"
    "  archsweep-trial facts [GLOB]...\n"
    "  archsweep-trial show NAME [--path PART]\n"
    "  archsweep-trial validate JOB     (runner/trial/protocol.h)\n"
    "  archsweep-trial export JOB       likewise\n"
    "  archsweep-trial predict JOB IMAGE...\n"
    "  archsweep-trial serve-model JOB  likewise\n"
    "  archsweep-trial --version\n";

constexpr const char* unwritten = "cannot write the output";  // as archsweep says it

// Leaves without the destructors of LibTorch's statics: they take 0.1 s, and what a job wrote is
// written.
[[noreturn]] void do_job() {
  const int code =
      archsweep::runner::run_job(std::string(std::istreambuf_iterator<char>(std::cin), {}));
  std::cout.flush();
  std::fflush(nullptr);
  ::_exit(code);
}

int run(const std::vector<std::string>& words) {
  const std::string command = words.empty() ? "" : words[0];
  const std::vector<std::string> rest(words.begin() + !words.empty(), words.end());
  if (command == "parity") return archsweep::runner::parity(rest);
  if (command == "facts") return archsweep::runner::facts(rest);
  if (command == "show" && (rest.size() == 1 || (rest.size() == 3 && rest[1] == "--path")))
    return archsweep::runner::show(rest[0], rest.size() == 3 ? rest[2] : "");
  if (command == "validate" && rest.size() == 1)
    return archsweep::runner::validate(archsweep::runner::decode_validate_job(rest[0]));
  if (command == "export" && rest.size() == 1)
    return archsweep::runner::export_trained(archsweep::runner::decode_export_job(rest[0]));
  if (command == "predict" && rest.size() > 1)
    return archsweep::runner::predict(archsweep::runner::decode_predict_job(rest[0]),
                                      std::span(rest).subspan(1));
  if (command == "serve-model" && rest.size() == 1)
    return archsweep::runner::serve_model(archsweep::runner::decode_serve_model_job(rest[0]));
  if (command == "--version") {
    fmt::print("archsweep-trial {}, LibTorch {}\n", ARCHSWEEP_VERSION, TORCH_VERSION);
    return 0;
  }
  if (words.empty() && !::isatty(STDIN_FILENO)) do_job();
  fmt::print(command == "--help" ? stdout : stderr, "{}", usage);
  return command == "--help" ? 0 : static_cast<int>(Exit::usage);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3 && argv[1] == std::string_view(archsweep::runner::fork_server_word)) {
      if (archsweep::runner::fork_workers(argc, argv)) do_job();
      return 0;
    }
    const int code = run({argv + 1, argv + argc});
    // `archsweep` became this program: nobody else looks whether all was written.
    if (std::fflush(stdout) != 0 || std::ferror(stdout)) throw Error(unwritten, Exit::environment);
    return code;
  } catch (const Error& e) {
    fmt::print(stderr, "{}\n", e.what());
    return static_cast<int>(e.code());
  } catch (const std::exception& e) {
    if (std::ferror(stdout))  // fmt found out first
      fmt::print(stderr, "{}\n", unwritten);
    else
      fmt::print(stderr, "archsweep-trial: {}\n", e.what());
    return static_cast<int>(Exit::environment);
  }
}
