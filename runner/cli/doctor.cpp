#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>

#include "results/plot/draw.h"
#include "runner/cli/command.h"
#include "runner/config/config.h"
#include "runner/schedule/slots.h"
#include "runner/schedule/worker.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::cli {
namespace {

namespace fs = std::filesystem;

enum class Verdict { good, lacking, broken };  // lacking: works, but something is not to be had

struct Finding {
  Verdict verdict;
  std::string what, detail;
};

// Everything the program prints, or nothing where it does not end well.
std::string output_of(const std::string& command) {
  std::string text;
  FILE* pipe = ::popen((command + " 2> /dev/null").c_str(), "r");
  if (!pipe) return "";
  char buffer[512];
  while (const auto n = std::fread(buffer, 1, sizeof buffer, pipe)) text.append(buffer, n);
  if (::pclose(pipe) != 0) return "";
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

double memory_bytes() {
  return static_cast<double>(::sysconf(_SC_PHYS_PAGES)) *
         static_cast<double>(::sysconf(_SC_PAGESIZE));
}

Finding worker() {
  try {
    const auto path = runner::find_worker().string();
    const auto version = output_of("'" + path + "' --version");
    if (version.empty())
      return {Verdict::broken, "worker",
              path + " does not start: is LibTorch where it was when this was built?"};
    if (!version.starts_with("archsweep-trial " ARCHSWEEP_VERSION ","))
      return {Verdict::broken, "worker",
              fmt::format("{} is {}: of another version than this archsweep", path, version)};
    return {Verdict::good, "worker", version};
  } catch (const Error& e) {
    return {Verdict::broken, "worker", e.what()};
  }
}

Finding gpus() {
  const auto devices = runner::devices_of_slots({});
  if (devices[0] == "cpu")
    return {Verdict::lacking, "GPU", "none that CUDA's driver shows: trials run on the CPU"};
  std::ifstream driver("/proc/driver/nvidia/version");
  std::string line;
  std::getline(driver, line);
  return {Verdict::good, "GPU", fmt::format("{}; {}", devices.size(), line)};
}

Finding working_folder() {
  std::error_code error;
  const auto space = fs::space(".", error);
  const auto here = fs::current_path().string();
  if (error || ::access(".", W_OK) != 0)
    return {Verdict::broken, "folder", here + " cannot be written: run from another one"};
  const auto free = human_bytes(static_cast<double>(space.available));
  const bool little = space.available < (std::uintmax_t{1} << 30);
  return {little ? Verdict::lacking : Verdict::good, "folder",
          fmt::format("{}, {} free", here, free)};
}

Finding fashion_mnist() {
  const fs::path folder = runner::fashion_mnist_folder;
  if (fs::is_directory(folder)) return {Verdict::good, "Fashion-MNIST", folder.string()};
  return {Verdict::lacking, "Fashion-MNIST",
          "not there; the quickstart needs it: apt-get install dataset-fashion-mnist"};
}

Finding html_pictures() {
  const auto path = results::plotly_path();
  if (fs::is_regular_file(path)) return {Verdict::good, "HTML pictures", path.string()};
  return {Verdict::lacking, "HTML pictures",
          "plotly.min.js is not at '" + path.string() + "': name it by ARCHSWEEP_PLOTLY"};
}

Finding png_pictures() {
  const auto version = output_of("rsvg-convert --version");
  if (!version.empty()) return {Verdict::good, "PNG pictures", version};
  return {Verdict::lacking, "PNG pictures", "no rsvg-convert: apt-get install librsvg2-bin"};
}

Finding slurm() {
  const auto version = output_of("sbatch --version");
  if (!version.empty()) return {Verdict::good, "Slurm", version + ": run --slurm"};
  return {Verdict::lacking, "Slurm", "sbatch is not here or not set up; only run --slurm needs it"};
}

int doctor() {
  const std::vector<Finding> findings{
      {Verdict::good, "archsweep", ARCHSWEEP_VERSION},
      worker(),
      {Verdict::good, "CPU",
       fmt::format("{} threads, {} of memory", std::thread::hardware_concurrency(),
                   human_bytes(memory_bytes()))},
      gpus(),
      working_folder(),
      fashion_mnist(),
      html_pictures(),
      png_pictures(),
      slurm(),
  };
  bool broken = false;
  for (const auto& f : findings) {
    constexpr const char* words[] = {"ok", "--", "FAULT"};
    fmt::print("{:<6} {:<14} {}\n", words[static_cast<int>(f.verdict)], f.what, f.detail);
    broken |= f.verdict == Verdict::broken;
  }
  return static_cast<int>(broken ? Exit::environment : Exit::done);
}

}  // namespace

extern const Command doctor_command;
const Command doctor_command{"doctor", "What this machine has and lacks for a sweep",
                             "  archsweep doctor\nExit code: 3 where a sweep cannot run\n",
                             [](CLI::App&) -> Action { return doctor; }};

}  // namespace archsweep::cli
