#pragma once

// What a trained network says of every validation image, kept beside the database so that later
// questions need no retraining. No LibTorch: the worker writes it, the command line reads it. One
// safetensors file a trial:
//   logits  F16 [images, classes]
//   labels  I32 [images]
//   images  U32 [images]  which of the data set they are (Dataset::valid)
// and in its header, under "archsweep_logits", JSON: {"class_names": [...], "split_hash": "..."}.

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace archsweep::runner {

struct KeptLogits {
  std::vector<std::string> class_names;
  std::string split_hash;
  std::vector<std::uint16_t> logits;  // bits of float16; a row of all classes an image
  std::vector<std::int32_t> labels;   // indices of class_names
  std::vector<std::uint32_t> images;
};

float from_float16(std::uint16_t bits);

// Replaces the file as a whole and makes its folder. Throws Error.
void write_logits(const std::filesystem::path& file, const KeptLogits& kept);

// A file is untrusted input: shapes and labels fit one another, every logit is a finite number.
// Throws Error "FILE: the fault".
KeptLogits read_logits(const std::filesystem::path& file);

}  // namespace archsweep::runner
