#include "runner/trial/serve/docker.h"

#include <link.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/exported.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

// What the loader has mapped for this program; LibTorch's CUDA part is not among it, as it is
// loaded when a GPU is asked for.
std::vector<fs::path> libraries() {
  std::vector<fs::path> paths;
  ::dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* out) {
        // The program itself has no name, the kernel's page no file.
        if (*info->dlpi_name == '/')
          static_cast<std::vector<fs::path>*>(out)->push_back(info->dlpi_name);
        return 0;
      },
      &paths);
  return paths;
}

// The loader's own place is written into programs; all else is found by its name in /lib.
fs::path place_of(const fs::path& library) {
  const auto name = library.filename();
  return name.string().starts_with("ld-") ? library.relative_path() : "lib" / name;
}

class Root {
 public:
  explicit Root(fs::path folder) : folder_(std::move(folder)) {}

  // For everyone to read: the container's user is nobody.
  void add(const fs::path& file, const fs::path& to, bool runs) {
    const auto path = folder_ / to;
    fs::create_directories(path.parent_path());
    fs::copy_file(file, path, fs::copy_options::overwrite_existing);
    using enum fs::perms;
    const auto all_read = owner_read | group_read | others_read;
    fs::permissions(path,
                    all_read | owner_write | (runs ? owner_exec | group_exec | others_exec : none));
    bytes_ += fs::file_size(path);
  }
  std::uintmax_t bytes() const { return bytes_; }

 private:
  fs::path folder_;
  std::uintmax_t bytes_ = 0;
};

constexpr std::string_view mark = ", served by archsweep ";  // in the first line of ours

bool is_ours(const fs::path& dockerfile) {
  std::ifstream file(dockerfile);
  std::string line;
  return std::getline(file, line) && line.starts_with("# ") && line.find(mark) != line.npos;
}

std::string dockerfile(const ServeModelJob& job, const Exported& exported) {
  const ServeModelJob inside{
      .folder = "/model", .device = "cpu", .bind = "0.0.0.0", .port = 8000, .is_open = true};
  const nlohmann::json command{"/archsweep-trial", "serve-model", encode(inside)};
  return fmt::format(
      R"(# {}, {} classes{}{}. It asks for no token: who may come is for -p or a proxy to say.
#   docker build -t NAME {} && docker run --rm --read-only -p 127.0.0.1:8000:8000 NAME
FROM scratch
COPY root/ /
ENV LD_LIBRARY_PATH=/lib
USER 65534:65534
EXPOSE 8000
ENTRYPOINT {}
)",
      exported.architecture(), exported.class_names().size(), mark, ARCHSWEEP_VERSION, job.docker,
      command.dump());
}

void write(const ServeModelJob& job, const Exported& exported, Root& root) {
  root.add("/proc/self/exe", "archsweep-trial", true);
  for (const auto& library : libraries()) root.add(library, place_of(library), true);
  for (const auto* file : exported_files)
    root.add(fs::path(job.folder) / file, fs::path("model") / file, false);
  std::ofstream file(fs::path(job.docker) / "Dockerfile");
  file << dockerfile(job, exported);
  file.close();
  if (!file) throw Error(job.docker + ": cannot write the Dockerfile", Exit::environment);
}

}  // namespace

int write_docker(const ServeModelJob& job) {
  const Exported exported(job.folder, torch::kCPU);
  exported.check_takes_images();
  std::error_code none;
  const auto dockerfile = fs::path(job.docker) / "Dockerfile";
  if (fs::exists(dockerfile, none)) {
    if (!is_ours(dockerfile))
      throw Error(dockerfile.string() +
                  ": was not written by serve-model and is left alone; name an empty folder");
  } else if (fs::exists(job.docker, none) && !fs::is_empty(job.docker, none)) {
    throw Error(job.docker + ": holds something else; name an empty folder");
  }
  Root root(fs::path(job.docker) / "root");
  try {
    write(job, exported, root);
  } catch (const fs::filesystem_error& e) {
    throw Error(
        fmt::format("{}: {}; free space or name another folder",
                    (e.path2().empty() ? e.path1() : e.path2()).string(), e.code().message()),
        Exit::environment);
  }
  fmt::print(
      "{}: {} of program, libraries and model; no network is needed:\n"
      "  docker build -t pets {} && docker run --rm --read-only -p 127.0.0.1:8000:8000 pets\n",
      job.docker, human_bytes(double(root.bytes())), job.docker);
  return 0;
}

}  // namespace archsweep::runner
