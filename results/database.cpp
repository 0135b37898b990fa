#include "results/database.h"

#include <sys/stat.h>

#include <sqlite3.h>

#include <fmt/format.h>

#include "results/schema.h"

namespace archsweep::results {

void check_is_ours(SQLite::Database& database, const std::filesystem::path& path) {
  const int id = database.execAndGet("PRAGMA application_id").getInt();
  const int version = database.execAndGet("PRAGMA user_version").getInt();
  const int tables = database.execAndGet("SELECT count(*) FROM sqlite_master").getInt();
  if (id != application_id && (id != 0 || version != 0 || tables != 0))
    throw Error(fmt::format(
        "{}: is another program's database; give another path with --db or output.database",
        path.string()));
  if (version > static_cast<int>(migrations().size()))
    throw Error(fmt::format(
        "{}: was written by a newer archsweep (schema {}, this one knows {}); update archsweep",
        path.string(), version, migrations().size()));
}

FileId file_id(const std::filesystem::path& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) return std::nullopt;
  return std::pair{std::uint64_t(about.st_dev), std::uint64_t(about.st_ino)};
}

Error explain(const SQLite::Exception& e, const std::filesystem::path& path) {
  const auto where = path.string();
  switch (e.getErrorCode()) {
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return Error(fmt::format(
          "{}: is not an SQLite database, or a damaged one; give another path or restore it",
          where));
    case SQLITE_FULL:
      return Error(
          fmt::format(
              "{}: the disk is full; free some space and run again: nothing recorded is lost",
              where),
          Exit::environment);
    case SQLITE_IOERR:
      return Error(fmt::format("{}: {}; is there space, does a limit hold, is the disk sound? "
                               "Nothing recorded is lost",
                               where, e.what()),
                   Exit::environment);
    case SQLITE_BUSY:
      return Error(fmt::format("{}: another program holds it: end what that one has begun there; "
                               "nothing recorded is lost",
                               where),
                   Exit::environment);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return Error(fmt::format("{}: cannot be opened ({}); is its folder there and writable?",
                               where, e.what()),
                   Exit::environment);
    default:
      return Error(fmt::format("{}: {}", where, e.what()), Exit::environment);
  }
}

}  // namespace archsweep::results
