#pragma once

// Published tables into the results database: their rows as they are, and joined, accuracy with the
// speed of the same architecture at the same image size, as trials of source "import" that every
// query and picture reads.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "results/import/published.h"
#include "results/query.h"

namespace archsweep::results {

struct Imported {
  bool is_new = false;        // false: these very bytes are there already, nothing was written
  bool has_namesake = false;  // another table of this file name is there: both are kept, each
                              // under keys of its own
  std::string since;          // when those were imported, UTC
  std::string about;          // how it was measured, as far as the file name says
};

// All of it is one transaction: nothing is written before commit().
class Import {
 public:
  // Creates the database where there is none. Throws Error as Store does: another writer is at
  // work, the file is not ours, it cannot be written.
  explicit Import(const std::filesystem::path& database);
  ~Import();

  // `text` are the bytes of the file that the table was read from.
  Imported add(const std::filesystem::path& file, std::string_view text, const PublishedTable&);

  // Joins every table of accuracies with every table of inference or training speeds (of an
  // architecture at a size, its fastest batch size) and with our own benchmarks, trials of source
  // "bench". Idempotent; to be done again when either side has grown.
  void join();

  // After join(): a row for what became of the rows of each two tables.
  //   accuracies, speeds (file names), outcome (joined, no_speed, speed_at_other_size, no_accuracy,
  //   accuracy_at_other_size), rows, examples
  Rows outcomes() const;
  // After join(): a row for each that found no partner, with the image sizes that it could have
  // had.
  Rows unmatched() const;

  void commit();

 private:
  struct Database;  // hides SQLiteCpp
  std::unique_ptr<Database> db_;
};

}  // namespace archsweep::results
