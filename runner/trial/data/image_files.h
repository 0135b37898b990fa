#pragma once

// Where the bytes of photos are: a folder, or a tar file that is read in place. What they show is
// labels.h's part.

#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace archsweep::runner {

struct ImageFile {
  std::string path;    // from the root, "train/cat/1.jpg"
  std::uint64_t size;  // bytes
  std::string stamp;   // changes when the content does
};

struct ImageFiles {
  std::filesystem::path root;
  std::vector<ImageFile> files;            // by path, in the order of bytes: equal in every locale
  std::vector<std::string> empty_folders;  // that hold no file at any depth
  // The content; from any thread. Throws std::runtime_error with the reason, without the name.
  std::function<std::string(std::size_t)> read;

  std::string name(std::size_t i) const { return (root / files[i].path).string(); }
};

// By the ending of its name.
bool looks_like_an_image(const std::filesystem::path& path);

// Every file below the folder, or in the tar file, but for hidden ones. Throws Error.
ImageFiles list_images(const std::filesystem::path& root);

// Throws Error: not a tar file, packed, damaged.
ImageFiles list_tar(const std::filesystem::path& file);

}  // namespace archsweep::runner
