#include "runner/trial/data/image_files.h"

#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "runner/support/error.h"
#include "runner/support/text.h"
#include "runner/trial/data/files.h"

namespace archsweep::runner {
namespace {

namespace fs = std::filesystem;

bool hidden(const fs::path& path) {
  return path.filename().native().starts_with('.');
}

ImageFiles list_folder(const fs::path& root) {
  ImageFiles images{.root = root};
  std::set<std::string> folders, filled;
  std::error_code error;
  fs::recursive_directory_iterator it(root, fs::directory_options::follow_directory_symlink, error);
  constexpr int deepest = 32;  // a link to a folder above would go round for ever
  for (const fs::recursive_directory_iterator end; !error && it != end; it.increment(error)) {
    std::error_code ignored;
    if (hidden(it->path()) || it.depth() > deepest) {
      it.disable_recursion_pending();
      continue;
    }
    const auto relative = it->path().lexically_relative(root);
    if (it->is_directory(ignored)) {
      folders.insert(relative.string());
      continue;
    }
    for (auto folder = relative.parent_path(); !folder.empty(); folder = folder.parent_path())
      if (!filled.insert(folder.string()).second) break;
    struct stat status {};
    ::stat(it->path().c_str(), &status);
    images.files.push_back({relative.string(), static_cast<std::uint64_t>(status.st_size),
                            // A file that has become readable is another file.
                            fmt::format("{}.{} {}", status.st_mtim.tv_sec, status.st_mtim.tv_nsec,
                                        ::access(it->path().c_str(), R_OK))});
  }
  if (error) throw Error(fmt::format("{}: {}; check dataset.root", root.string(), error.message()));
  std::ranges::set_difference(folders, filled, std::back_inserter(images.empty_folders));
  std::ranges::sort(images.files, {}, &ImageFile::path);
  const auto names = std::make_shared<std::vector<fs::path>>();
  for (const auto& file : images.files) names->push_back(root / file.path);
  images.read = [names](std::size_t i) { return read_file((*names)[i]); };
  return images;
}

}  // namespace

bool looks_like_an_image(const fs::path& path) {
  constexpr std::array<std::string_view, 6> endings{".jpg", ".jpeg", ".png",
                                                    ".gif", ".bmp",  ".webp"};
  return std::ranges::find(endings, lower_case(path.extension().string())) != endings.end();
}

ImageFiles list_images(const fs::path& root) {
  std::error_code none;
  return fs::is_directory(root, none) ? list_folder(root) : list_tar(root);
}

}  // namespace archsweep::runner
