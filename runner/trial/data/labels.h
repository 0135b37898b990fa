#pragma once

// What images show and which part of the data they belong to: by their folders, by their names, or
// by a table.

#include <cstdint>
#include <string>
#include <vector>

#include "runner/trial/data/image_files.h"
#include "runner/trial/data/source.h"
#include "runner/trial/spec.h"

namespace archsweep::runner {

struct Labelled {
  std::uint32_t file;  // in ImageFiles
  std::int32_t label;
  Part part;
  float weight = 1;
};

struct Labels {
  std::vector<std::string> class_names;  // in the order of bytes
  std::vector<Labelled> images;          // by file
  std::vector<std::string> left_out;     // "place: why": what should have been an image of a class
  bool has_weights = false;              // the table has a column of them
};

// Fills in the names and the labels of images whose classes these are, one each.
void number_classes(Labels& labels, const std::vector<std::string>& classes);

// CLASS/*, or train/CLASS/* with val/, valid/ or validation/CLASS/*; a test/ beside train/ is not
// used. Throws Error.
Labels label_by_folder(const ImageFiles& images);

// The first group of spec.pattern in a file's name is its class; with lists (Pets' trainval.txt)
// only the images that they name. Throws Error.
Labels label_by_name(const ImageFiles& images, const DatasetSpec& spec);

// spec.table, CSV or TSV, names paths from the root, their classes and, where it has such columns,
// their parts (train, valid or test, which is not used) and weights. Throws Error.
Labels label_by_table(const ImageFiles& images, const DatasetSpec& spec);

}  // namespace archsweep::runner
