#pragma once

// What store.cpp, finish.cpp and import/ share: the connection, and statements with their values
// bound.

#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include "results/database.h"
#include "results/lock.h"
#include "results/store.h"

namespace archsweep::results {

inline constexpr const char* now = "strftime('%Y-%m-%dT%H:%M:%fZ', 'now')";

inline void bind_one(SQLite::Statement& s, int i, double v) {
  std::isnan(v) ? s.bind(i) : s.bind(i, v);
}
inline void bind_one(SQLite::Statement& s, int i, int v) {
  s.bind(i, v);
}
inline void bind_one(SQLite::Statement& s, int i, std::int64_t v) {
  s.bind(i, v);
}
inline void bind_one(SQLite::Statement& s, int i, std::uint64_t v) {
  s.bind(i, static_cast<std::int64_t>(v));
}
inline void bind_one(SQLite::Statement& s, int i, const std::optional<std::int64_t>& v) {
  v ? s.bind(i, *v) : s.bind(i);
}
inline void bind_one(SQLite::Statement& s, int i, std::string_view v) {
  s.bind(i, std::string(v));
}
inline void bind_one(SQLite::Statement& s, int i, TrialId v) {
  s.bind(i, static_cast<std::int64_t>(v));
}
inline void bind_one(SQLite::Statement& s, int i, SweepId v) {
  s.bind(i, static_cast<std::int64_t>(v));
}

inline constexpr int busy_milliseconds = 10'000;

struct Store::Database {
  std::filesystem::path path;
  WriterLock lock;
  SQLite::Database sqlite;

  FileId opened;  // what `path` named then

  explicit Database(const std::filesystem::path& p)
      : path(p),
        lock(p),
        sqlite(p.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE, busy_milliseconds),
        opened(file_id(p)) {}

  // SQLite would go on writing into a file that nobody can open any more.
  void check_it_is_there() const {
    const auto id = file_id(path);
    if (id == opened) return;
    throw Error(fmt::format("{}: {} while it was in use; what workers told since is in their "
                            "journals, and the same command takes it from there",
                            path.string(), id ? "replaced" : "deleted"),
                Exit::environment);
  }

  template <typename... Values>
  SQLite::Statement statement(const std::string& sql, const Values&... values) {
    SQLite::Statement s(sqlite, sql);
    int i = 0;
    (bind_one(s, ++i, values), ...);
    return s;
  }

  template <typename... Values>
  void run(const std::string& sql, const Values&... values) {
    statement(sql, values...).exec();
  }

  // A person's program may hold the database for long, such as a browser of it with an edit that is
  // not yet written: no reason to end a night.
  SQLite::Transaction begin() {
    constexpr int most_waits = 60;  // of busy_milliseconds
    for (int waits = 0;; ++waits) try {
        return SQLite::Transaction(sqlite, SQLite::TransactionBehavior::IMMEDIATE);
      } catch (const SQLite::Exception& e) {
        if (e.getErrorCode() != SQLITE_BUSY || waits == most_waits) throw;
        if (waits == 0)
          fmt::print(stderr,
                     "{}: another program holds it (an edit that is not written yet?); waiting\n",
                     path.string());
      }
  }

  // One transaction; SQLite's refusals become Errors.
  template <typename Work>
  auto transaction(Work&& work) {
    check_it_is_there();
    try {
      SQLite::Transaction t = begin();
      if constexpr (std::is_void_v<decltype(work())>) {
        work();
        t.commit();
      } else {
        auto result = work();
        t.commit();
        return result;
      }
    } catch (const SQLite::Exception& e) {
      throw explain(e, path);
    }
  }

  // The same, of a trial that runs: not waited for until it is on the disk. A later transaction()
  // takes it there too.
  template <typename Work>
  auto quick_transaction(Work&& work) {
    struct Normal {
      SQLite::Database& sqlite;
      explicit Normal(SQLite::Database& s) : sqlite(s) {
        sqlite.exec("PRAGMA synchronous = NORMAL");
      }
      ~Normal() { sqlite.tryExec("PRAGMA synchronous = FULL"); }
    } normal(sqlite);
    return transaction(work);
  }

  std::int64_t environment_id(const Environment& e) {
    const std::string columns = "device, device_name, driver, torch, archsweep, threads, host, os";
    run("INSERT INTO environments (" + columns +
            ") VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        e.device, e.device_name, e.driver, e.torch, e.archsweep, e.threads, e.host, e.os);
    auto row = statement(
        "SELECT environment FROM environments WHERE (" + columns + ") = (?, ?, ?, ?, ?, ?, ?, ?)",
        e.device, e.device_name, e.driver, e.torch, e.archsweep, e.threads, e.host, e.os);
    row.executeStep();
    return row.getColumn(0).getInt64();
  }

  // A benchmark that has a result keeps it, whatever becomes of a later visit.
  void keep_done(TrialId trial) {
    run("UPDATE trials SET (state, attempt) = (SELECT 'done', attempt FROM results r WHERE r.trial "
        "= "
        "trials.trial) WHERE trial = ? AND trial IN (SELECT trial FROM results)",
        trial);
  }

  void end_attempt(TrialId trial, int attempt, std::string_view outcome, const Failure* failure) {
    run(fmt::format(
            "UPDATE attempts SET ended_at = coalesce(ended_at, {}), outcome = coalesce(outcome, ?) "
            "WHERE trial = ? AND attempt = ?",
            now),
        outcome, trial, attempt);
    if (failure)
      run("UPDATE attempts SET cause = ?, message = ?, stderr_tail = ? WHERE trial = ? AND attempt "
          "= ?",
          name(failure->cause), failure->message, failure->stderr_tail, trial, attempt);
  }
};

}  // namespace archsweep::results
