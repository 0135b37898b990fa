#include "results/query.h"

#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "results/database.h"
#include "results/schema.h"
#include "results/store.h"
#include "runner/support/clock.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

namespace fs = std::filesystem;

bool is_any_of(std::string_view word, std::initializer_list<std::string_view> words) {
  return std::ranges::find(words, word) != words.end();
}

// Asked by SQLite for every thing that a statement would do, while it is compiled: what is not
// known to be reading is refused. The file is opened read-only besides.
int authorize(void*, int action, const char* first, const char* second, const char*, const char*) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return is_any_of(second ? second : "", {"load_extension", "fts3_tokenizer"}) ? SQLITE_DENY
                                                                                   : SQLITE_OK;
    case SQLITE_PRAGMA:
      if (is_any_of(first, {"table_info", "table_xinfo", "table_list", "index_list", "index_info",
                            "foreign_key_list"}))
        return SQLITE_OK;
      return !second && is_any_of(first, {"user_version", "application_id"}) ? SQLITE_OK
                                                                             : SQLITE_DENY;
    default:
      return SQLITE_DENY;
  }
}

// A path as an SQLite URI: a WAL database in a folder that cannot be written opens only so.
std::string immutable_uri(const fs::path& path) {
  std::string uri = "file:";
  for (const char c : fs::absolute(path).string())
    if (is_any_of(std::string_view(&c, 1), {"%", "?", "#"}))
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      uri += c;
  return uri + "?immutable=1";
}

constexpr int busy_ms = 10000;

std::unique_ptr<SQLite::Database> open_file(const fs::path& path) {
  try {
    auto opened = std::make_unique<SQLite::Database>(
        path.string(), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX, busy_ms);
    opened->execAndGet("SELECT count(*) FROM sqlite_master");  // touches the write-ahead log
    return opened;
  } catch (const SQLite::Exception& e) {
    const int code = e.getErrorCode();
    const bool refused = code == SQLITE_CANTOPEN || code == SQLITE_READONLY;
    const fs::path log = path.string() + "-wal";
    std::error_code none;
    const auto logged = fs::file_size(log, none);
    if (!refused || (!none && logged > 0)) throw;
  }
  // Nobody can write here and nothing waits in the log: the file is all there is.
  return std::make_unique<SQLite::Database>(
      immutable_uri(path), SQLite::OPEN_READONLY | SQLite::OPEN_NOMUTEX | SQLite::OPEN_URI,
      busy_ms);
}

Value value(sqlite3_stmt* statement, int i) {
  switch (sqlite3_column_type(statement, i)) {
    case SQLITE_NULL:
      return {};
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(statement, i)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, i);
    default: {
      const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement, i));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, i));
      return bytes ? std::string(bytes, size) : std::string();
    }
  }
}

// The schema of an older archsweep, while no sweep is writing.
void bring_up_to_date(const fs::path& path) {
  try {
    Store store(path);
  } catch (const Error& e) {
    throw Error(
        fmt::format("{}: was written by an older archsweep and cannot be brought up to date: {}",
                    path.string(), e.what()),
        e.code());
  }
}

using Prepared = std::unique_ptr<sqlite3_stmt, decltype(&sqlite3_finalize)>;

}  // namespace

std::string sql_text(std::string_view text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
  return out + "'";
}

struct Reader::Connection {
  fs::path path;
  std::unique_ptr<SQLite::Database> sqlite;
  double timeout = 0;  // seconds; 0: none
  Clock::time_point deadline;

  // From here on nothing that is asked can do more than read.
  void guard() const {
    // Table functions declare themselves at first use, which the authorizer would take for writing.
    sqlite->exec("SELECT 1 FROM json_each('[]'), json_tree('[]'), pragma_table_info('trials')");
    // Views and functions of the file itself are trusted with nothing either.
    sqlite3_db_config(sqlite->getHandle(), SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_set_authorizer(sqlite->getHandle(), authorize, nullptr);
  }

  Error fault() const {
    auto* handle = sqlite->getHandle();
    switch (sqlite3_errcode(handle) & 0xff) {
      case SQLITE_AUTH:
        return Error(fmt::format("{}: is only read here: {}; write with sqlite3 if you must",
                                 path.string(), printable(sqlite3_errmsg(handle), 200)));
      case SQLITE_INTERRUPT:
        return Error(
            fmt::format("{}: no full answer in {}; ask for less, or allow more with --timeout",
                        path.string(), human_duration(timeout)));
      case SQLITE_ERROR:
        return Error(
            fmt::format("{}: {} (in the SQL; `archsweep query DB \"select name, sql from "
                        "sqlite_master\"` shows tables and columns)",
                        path.string(), printable(sqlite3_errmsg(handle), 200)));
      default:
        return explain(SQLite::Exception(handle), path);
    }
  }

  Prepared prepare(std::string_view sql, const char** rest) const {
    sqlite3_stmt* raw = nullptr;
    if (sqlite3_prepare_v2(sqlite->getHandle(), sql.data(), static_cast<int>(sql.size()), &raw,
                           rest) != SQLITE_OK)
      throw fault();
    return {raw, &sqlite3_finalize};
  }
};

Reader::Reader(const fs::path& database) {
  std::error_code none;
  if (!fs::exists(database, none))
    throw Error(fmt::format("{}: no such file; `archsweep run` makes one", database.string()));
  if (fs::is_directory(database, none))
    throw Error(fmt::format("{}: is a folder; name the database in it", database.string()));
  try {
    connection_ = std::make_shared<Connection>(Connection{database, open_file(database), 0, {}});
    auto& sqlite = *connection_->sqlite;
    check_is_ours(sqlite, database);
    const int version = sqlite.execAndGet("PRAGMA user_version").getInt();
    if (version == 0)
      throw Error(
          fmt::format("{}: is empty; `archsweep run` fills one with results", database.string()));
    if (version < static_cast<int>(migrations().size())) {
      connection_.reset();
      bring_up_to_date(database);
      connection_ = std::make_shared<Connection>(Connection{database, open_file(database), 0, {}});
    }
    connection_->guard();
  } catch (const SQLite::Exception& e) {
    throw explain(e, database);
  }
}

Reader::~Reader() = default;

struct Cursor::Statement {
  std::shared_ptr<Reader::Connection> connection;
  Prepared prepared;
};

Cursor::Cursor(std::shared_ptr<Statement> statement) : statement_(std::move(statement)) {
  auto* prepared = statement_->prepared.get();
  for (int i = 0; i < sqlite3_column_count(prepared); ++i)
    columns_.emplace_back(sqlite3_column_name(prepared, i));
}

bool Cursor::next() {
  const int code = sqlite3_step(statement_->prepared.get());
  if (code != SQLITE_ROW && code != SQLITE_DONE) throw statement_->connection->fault();
  return code == SQLITE_ROW;
}

Value Cursor::value(int column) const {
  return results::value(statement_->prepared.get(), column);
}
std::vector<Value> Cursor::row() const {
  std::vector<Value> all;
  all.reserve(columns_.size());
  for (int i = 0; i < static_cast<int>(columns_.size()); ++i) all.push_back(value(i));
  return all;
}
double Cursor::number(int column) const {
  auto* row = statement_->prepared.get();
  const double number = sqlite3_column_double(row, column);
  // NULL comes as 0; to ask of each number would take as long as to read it.
  return number == 0 && sqlite3_column_type(row, column) == SQLITE_NULL ? std::nan("") : number;
}
std::int64_t Cursor::whole(int column) const {
  return sqlite3_column_int64(statement_->prepared.get(), column);
}
std::string_view Cursor::text(int column) const {
  auto* row = statement_->prepared.get();
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  return bytes
             ? std::string_view(bytes, static_cast<std::size_t>(sqlite3_column_bytes(row, column)))
             : std::string_view();
}

Cursor Reader::open(const std::string& sql) const {
  const char* rest = nullptr;
  auto prepared = connection_->prepare(sql, &rest);
  if (!prepared) throw Error("the SQL is empty; try \"select * from leaderboard\"");
  const auto left = static_cast<std::size_t>(sql.data() + sql.size() - rest);
  bool more = false;
  try {
    more = connection_->prepare({rest, left}, &rest) != nullptr;
  } catch (const Error&) {
    more = true;
  }
  if (more) throw Error("the SQL holds more than one statement; ask one at a time");
  return Cursor(
      std::make_shared<Cursor::Statement>(Cursor::Statement{connection_, std::move(prepared)}));
}

Rows Reader::ask(const std::string& sql) const {
  auto cursor = open(sql);
  Rows result{.columns = cursor.columns(), .rows = {}};
  while (cursor.next()) result.rows.push_back(cursor.row());
  return result;
}

fs::path Reader::path() const {
  return connection_->path;
}

void Reader::set_timeout(double seconds) {
  connection_->timeout = seconds;
  connection_->deadline = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                             std::chrono::duration<double>(seconds));
  constexpr int steps_between_looks = 10000;  // of SQLite's machine: well under a millisecond
  const auto late = [](void* connection) -> int {
    return Clock::now() > static_cast<const Connection*>(connection)->deadline;
  };
  sqlite3_progress_handler(connection_->sqlite->getHandle(), steps_between_looks, late,
                           connection_.get());
}

}  // namespace archsweep::results
