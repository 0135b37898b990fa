#pragma once

// Images to judge a network by: a folder a class, as timm's validate reads them.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace archsweep::runner {

struct ClassFolders {
  std::vector<std::filesystem::path> files;  // PNG and JPEG by their names, in natural order
  std::vector<std::int64_t> labels;          // of the network's classes, one a file
  std::vector<std::string> notes;  // what a person must know of how folders became classes
};

// Folders in natural order are classes 0, 1, 2 ... With a class map (a text file of folder names,
// the line tells the class) only its folders count. Fewer folders than the network has classes, all
// of them named by ImageNet's WordNet numbers, are taken for what they say. Throws Error.
ClassFolders read_class_folders(const std::filesystem::path& folder,
                                const std::filesystem::path& class_map, int network_classes);

}  // namespace archsweep::runner
