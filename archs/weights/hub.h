#pragma once

// Files of the Hugging Face hub: found in the cache folder that Python's huggingface_hub keeps, or
// downloaded into it, so that either program uses what the other has fetched. No LibTorch.
//
//   CACHE/models--timm--resnet18.a1_in1k/refs/main                      the commit that "main" is
//                                       /blobs/SHA256                   content, by checksum
//                                       /blobs/SHA256.incomplete        a download to be resumed
//                                       /snapshots/COMMIT/model.safetensors -> ../../blobs/SHA256

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "archs/weights/pretrained.h"

namespace archsweep::archs {

struct Hub {
  std::string endpoint = "https://huggingface.co";
  std::filesystem::path cache;
  std::string token;  // sent to the endpoint alone, never printed
  bool offline = false;
};

// HF_ENDPOINT, HF_HUB_CACHE, HF_HOME, HF_HUB_OFFLINE, HF_TOKEN (or the file HF_HOME/token, where
// `hf auth login` puts it), as huggingface_hub reads them. Throws Error on a malformed value.
Hub hub_from_environment();

using DownloadProgress = std::function<void(std::uint64_t done, std::uint64_t total)>;  // bytes

// One live line on a terminal; in a log a line every ten seconds.
DownloadProgress show_download(const std::string& what, std::FILE* out);

std::optional<std::filesystem::path> find_cached(const Hub& hub, const std::string& repository,
                                                 const std::string& file);

// Downloads what the cache lacks, going on where an earlier attempt broke off, and checks size and
// SHA-256 before the file appears in the cache. Throws Error (Exit::environment) that says what to
// do: offline, refused (401, 403), not there (404), broken off, truncated, corrupted, disk full.
std::filesystem::path cached_or_downloaded(const Hub& hub, const std::string& repository,
                                           const std::string& file,
                                           const DownloadProgress& progress = {});

// The weights of a name of timm's.
std::filesystem::path weights_file(const Hub& hub, const Pretrained& weights,
                                   const DownloadProgress& progress = {});

}  // namespace archsweep::archs
