#include "results/query.h"

#include <sys/wait.h>
#include <unistd.h>

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>

#include "results/export/table.h"
#include "results/store.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::results;
using Catch::Matchers::Contains;

namespace {

struct Database : Folder {
  Database() {
    std::filesystem::permissions(path, std::filesystem::perms(0755));
    Store store(file());
    store.plan(
        store.begin_sweep("s", "c", ""),
        std::vector<NewTrial>{{.fingerprint = "f", .architecture = "resnet18", .spec = "{}"}});
  }
  std::filesystem::path file() const { return path / "a.db"; }

  // As a stranger with sqlite3 could.
  void tamper(const std::string& sql) const {
    SQLite::Database(file().string(), SQLite::OPEN_READWRITE).exec(sql);
  }
  Rows ask(const std::string& sql) const { return Reader(file()).ask(sql); }
  std::string refusal(const std::string& sql) const {
    try {
      ask(sql);
    } catch (const Error& e) {
      CHECK(e.code() == Exit::usage);
      return e.what();
    }
    return "";
  }
  std::string bytes() const {
    std::ifstream stream(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
};

// Runs `work` as somebody who may not write here; true when it did not throw.
template <typename Work>
bool as_reader(const Work& work) {
  const auto child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::seteuid(65534) != 0) ::_exit(2);
    try {
      work();
    } catch (const std::exception& e) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

std::int64_t whole(const Rows& rows) {
  return std::get<std::int64_t>(rows.rows.at(0).at(0));
}

}  // namespace

TEST_CASE("whatever the SQL says, the database stays as it is") {
  const Database database;
  const auto before = database.bytes();
  const auto other = (database.path / "other.db").string();
  for (const std::string& sql : std::initializer_list<std::string>{
           "INSERT INTO sweeps (name, config_path, config, started_at) VALUES ('x', '', '', '')",
           "REPLACE INTO trials (trial) VALUES (1)",
           "UPDATE trials SET state = 'done'",
           "DELETE FROM trials",
           "WITH t AS (SELECT 1) DELETE FROM trials",
           "WITH t AS (SELECT 1 AS x) INSERT INTO trials (trial) SELECT x FROM t",
           "DELETE FROM trials RETURNING trial",
           "EXPLAIN DELETE FROM trials",
           "DROP TABLE trials",
           "DROP VIEW leaderboard",
           "ALTER TABLE trials RENAME TO t",
           "CREATE TABLE x (y)",
           "CREATE TEMP TABLE x (y)",
           "CREATE TEMP VIEW x AS SELECT 1",
           "CREATE TEMP TRIGGER x AFTER DELETE ON trials BEGIN SELECT 1; END",
           "CREATE VIRTUAL TABLE x USING fts5(y)",
           "CREATE INDEX x ON trials (state)",
           "REINDEX",
           "ANALYZE",
           "VACUUM",
           "VACUUM INTO '" + other + "'",
           "ATTACH '" + other + "' AS o",
           "DETACH main",
           "BEGIN",
           "BEGIN EXCLUSIVE",
           "SAVEPOINT s",
           "COMMIT",
           "PRAGMA user_version = 7",
           "PRAGMA user_version(7)",
           "PRAGMA main.application_id = 1",
           "PRAGMA journal_mode = DELETE",
           "PRAGMA locking_mode = EXCLUSIVE",
           "PRAGMA writable_schema = 1",
           "PRAGMA wal_checkpoint(TRUNCATE)",
           "PRAGMA temp_store_directory = '/tmp'",
           "PRAGMA query_only = 0",
           "PRAGMA hard_heap_limit = 1",
           "SELECT load_extension('x')",
           "SELECT fts3_tokenizer('simple')",
           "SELECT writefile('" + other + "', 'x')",
           "SELECT 1; DELETE FROM trials",
           "SELECT 1; SELECT 2",
           "SELECT 1; nonsense",
           ";",
           "",
           "-- nothing",
           "selec 1",
           "SELECT * FROM none",
           std::string("SELECT 1\0; DELETE FROM trials", 29)}) {
    INFO(sql);
    const auto said = database.refusal(sql);
    if (sql.find('\0') == sql.npos) CHECK_FALSE(said.empty());
    CHECK(said.find('\n') == said.npos);
  }
  CHECK_FALSE(std::filesystem::exists(other));
  CHECK(database.bytes() == before);
  CHECK_THAT(database.refusal("DELETE FROM trials"), Contains("only read here"));
  CHECK_THAT(database.refusal("SELECT 1; SELECT 2"), Contains("more than one statement"));
  CHECK_THAT(database.refusal("SELECT * FROM none"), Contains("no such table: none"));
}

TEST_CASE("what reads is allowed") {
  const Database database;
  for (const auto* sql :
       {"SELECT * FROM leaderboard", "VALUES (1), (2)", "SELECT 1;", " SELECT 1 ; ; -- done",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM "
        "n",
        "EXPLAIN QUERY PLAN SELECT * FROM frontier", "PRAGMA table_info(trials)",
        "PRAGMA user_version", "SELECT name, sql FROM sqlite_master",
        "SELECT json_extract(spec, '$') FROM trials",
        "SELECT name FROM pragma_table_info('trials')", "SELECT count(*) OVER () FROM trials"}) {
    INFO(sql);
    CHECK_NOTHROW(database.ask(sql));
  }
  CHECK(whole(database.ask("SELECT count(*) FROM pragma_table_info('trials')")) > 10);
}

TEST_CASE("views and triggers of a hostile file are trusted with nothing") {
  const Database database;
  database.tamper(
      "DROP VIEW leaderboard; CREATE VIEW leaderboard AS SELECT load_extension('/tmp/x.so') AS "
      "trial;"
      "CREATE VIEW tokens AS SELECT fts3_tokenizer('simple', x'00') AS t;"
      "CREATE VIEW pragmas AS SELECT * FROM pragma_journal_mode;"
      "CREATE TRIGGER t INSTEAD OF DELETE ON leaderboard BEGIN DELETE FROM trials; END;");
  CHECK_FALSE(database.refusal("SELECT * FROM leaderboard").empty());
  CHECK_FALSE(database.refusal("SELECT * FROM tokens").empty());
  CHECK_FALSE(database.refusal("SELECT * FROM pragmas").empty());
  CHECK_FALSE(database.refusal("DELETE FROM leaderboard").empty());
  CHECK(whole(database.ask("SELECT count(*) FROM trials")) == 1);
}

TEST_CASE("a damaged file is an error of one line, not a crash") {
  const Database database;
  const auto good = database.bytes();
  for (std::size_t at = 0; at < good.size(); at += 97) {
    auto bad = good;
    for (std::size_t i = at; i < std::min(at + 40, bad.size()); ++i) bad[i] = char(i * 37);
    database.write("a.db", bad);
    try {
      database.ask("SELECT * FROM leaderboard");
      database.ask("SELECT * FROM trials");
    } catch (const Error& e) {
      CHECK(std::string(e.what()).find('\n') == std::string::npos);
    }
  }
}

TEST_CASE("values come as they are: numbers, NULL, text and blobs") {
  const Database database;
  const auto rows = database.ask(
      "SELECT 7 AS a, 0.5, NULL, 'text', x'00ff41', x'', 9223372036854775807, 1e308 * 10");
  CHECK(rows.columns[0] == "a");
  const auto& row = rows.rows.at(0);
  CHECK(std::get<std::int64_t>(row[0]) == 7);
  CHECK(std::get<double>(row[1]) == 0.5);
  CHECK(std::holds_alternative<std::monostate>(row[2]));
  CHECK(std::get<std::string>(row[3]) == "text");
  CHECK(std::get<std::string>(row[4]) == std::string("\0\xff"
                                                     "A",
                                                     3));
  CHECK(std::get<std::string>(row[5]).empty());
  CHECK(std::get<std::int64_t>(row[6]) == std::numeric_limits<std::int64_t>::max());
  for (const auto* format : formats) {
    INFO(format);
    CHECK_FALSE(write_rows(rows, format).empty());
  }
  CHECK(database.ask("SELECT 1 AS x WHERE 0").columns == std::vector<std::string>{"x"});
}

TEST_CASE("what is not a database of ours is told apart") {
  const Folder folder;
  CHECK_THROWS_WITH(Reader(folder.path / "none.db"), Contains("no such file"));
  CHECK_THROWS_WITH(Reader(folder.path), Contains("is a folder"));
  folder.write("empty.db", "");
  CHECK_THROWS_WITH(Reader(folder.path / "empty.db"), Contains("is empty"));
}

TEST_CASE("a folder that cannot be written is read, with and without a writer") {
  if (::geteuid() != 0) {
    WARN("skipped: only root can become somebody who may not write");
    return;
  }
  const Database database;
  const auto count = [&](std::int64_t expected) {
    return as_reader([&] {
      if (whole(Reader(database.file()).ask("SELECT count(*) FROM sweeps")) != expected)
        throw std::runtime_error("wrong");
    });
  };
  CHECK_FALSE(as_reader([&] { Store store(database.file()); }));
  CHECK(count(1));
  Store store(database.file());
  store.begin_sweep("second", "c", "");  // in the write-ahead log only
  CHECK(count(2));
  CHECK_FALSE(count(3));
}
