#pragma once

// Configs in a folder of their own, and what reading them says.

#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "runner/config/config.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

namespace archsweep::runner {

using Names = std::vector<std::string>;
using Rates = std::vector<double>;

// A folder with data/ in which configs are written.
struct Place : Folder {
  Place() { std::filesystem::create_directories(path / "data"); }

  Config read(const std::string& text, const Names& overrides = {}) const {
    write("c.yaml", text);
    return read_config(path / "c.yaml", overrides);
  }
  // The faults, with the folder's own name cut away.
  std::string faults(const std::string& text, const Names& overrides = {}) const {
    try {
      read(text, overrides);
      return "";
    } catch (const Error& e) {
      CHECK(e.code() == Exit::usage);
      std::string message = e.what();
      const auto folder = path.string() + "/";
      for (std::size_t at; (at = message.find(folder)) != message.npos;)
        message.erase(at, folder.size());
      return message;
    }
  }
};

inline const std::string data = "dataset: {kind: idx, root: data, image_size: 32}\n";
inline const std::string one = data + "architectures: [test_resnet]\n";

inline Names names(const Config& config) {
  Names found;
  for (const auto& c : config.candidates) found.push_back(c.name);
  return found;
}

}  // namespace archsweep::runner
