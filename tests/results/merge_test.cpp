#include "results/merge.h"

#include <catch2/catch.hpp>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>

#include "results/query.h"
#include "results/schema.h"
#include "results/store.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::results;
using Catch::Matchers::Contains;

namespace {

NewTrial trial(const std::string& name, const std::string& source = "sweep") {
  return {.fingerprint = "f-" + name,
          .source = source,
          .architecture = name,
          .family = "resnet",
          .learning_rate = 1e-3,
          .seed = 1,
          .epochs = 2,
          .image_size = 32,
          .recipe_hash = "r",
          .spec = "{}"};
}

// A database with a sweep of trials: of each its top-1, or what became of it (below 0).
constexpr double failed = -1, waits = -2, cut_off = -3;

void make(const std::filesystem::path& db,
          const std::vector<std::pair<std::string, double>>& trials,
          const std::string& source = "sweep", const std::string& host = "here") {
  Store store(db);
  std::vector<NewTrial> rows;
  for (const auto& [name, top1] : trials) rows.push_back(trial(name, source));
  const auto sweep = store.begin_sweep("night", "c.yaml", "a: b");
  const auto planned = store.plan(sweep, rows);
  for (std::size_t i = 0; i < trials.size(); ++i) {
    const auto id = planned[i].id;
    const double top1 = trials[i].second;
    if (top1 == waits || planned[i].state == TrialState::done) continue;
    const int attempt = store.start(id, "cpu", host + trials[i].first);
    store.set_environment(id, attempt, {.device = "cpu", .threads = 2, .host = host});
    store.add_epoch(id, attempt, {.number = 1, .valid_top1 = 0.1, .seconds = 3});
    if (top1 == cut_off) continue;
    if (top1 == failed) {
      store.fail(id, attempt, {Cause::diverged, "loss nan", "last words"});
      continue;
    }
    store.add_epoch(id, attempt, {.number = 2, .valid_top1 = top1, .seconds = 3});
    store.add_measurement(id, attempt,
                          {.kind = "latency",
                           .dtype = "float32",
                           .layout = "contiguous",
                           .image_size = 32,
                           .protocol = 1,
                           .seconds = {0.01, 0.02}});
    store.finish(id, attempt, {.parameters = 10, .dtype = "float32", .split_hash = "s"});
  }
  store.end_sweep(sweep, "finished");
}

std::string ask(const std::filesystem::path& db, const std::string& sql) {
  std::string text;
  for (const auto& row : Reader(db).ask(sql).rows)
    for (const auto& value : row) {
      if (const auto* word = std::get_if<std::string>(&value)) text += *word;
      if (const auto* number = std::get_if<std::int64_t>(&value)) text += std::to_string(*number);
      if (const auto* real = std::get_if<double>(&value)) text += fmt::format("{:g}", *real);
      text += ' ';
    }
  return text;
}

std::string whole(const std::filesystem::path& db) {
  std::string text;
  for (const auto* table : {"trials", "attempts", "epochs", "measurements", "results", "sweeps",
                            "sweep_trials", "environments", "comparability_keys"})
    text += ask(db, fmt::format("SELECT * FROM {}", table)) + "\n";
  return text;
}

}  // namespace

TEST_CASE("two halves of a sweep become one", "[merge]") {
  const Folder folder;
  const auto a = folder.path / "a.db", b = folder.path / "b.db";
  make(a,
       {{"both", 0.7}, {"mine", 0.8}, {"theirs", waits}, {"retried", failed}, {"lost", cut_off}});
  make(b,
       {{"theirs", 0.9},
        {"both", 0.6},
        {"new", 0.5},
        {"retried", 0.4},
        {"lost", failed},
        {"open", waits}},
       "sweep", "there");
  Store(b).add_lr_find("key", {.device = "cpu", .host = "there"}, "new", {{1e-3, 1e-2}, {2, 1}});
  const auto before = whole(b);
  const auto merged = merge(b, a);
  CHECK(ask(a, "SELECT host FROM lr_finds JOIN environments USING (environment)") == "there ");
  CHECK(whole(b) == before);
  CHECK(merged.trials == 2);  // new, open
  CHECK(merged.results == 3);
  CHECK(merged.duplicates == 1);
  CHECK(merged.sweeps == 1);
  CHECK(ask(a, "SELECT architecture, top1 FROM leaderboard ORDER BY 1") ==
        "both 0.7 mine 0.8 new 0.5 retried 0.4 theirs 0.9 ");
  CHECK(ask(a, "SELECT architecture, state FROM trials ORDER BY 1") ==
        "both done lost running mine done new done open planned retried done theirs done ");
  CHECK(ask(a,
            "SELECT outcome FROM attempts JOIN trials USING (trial) WHERE architecture = 'retried' "
            "ORDER BY attempts.attempt") == "failed done ");
  CHECK(ask(a,
            "SELECT count(*) FROM epochs JOIN trials USING (trial, attempt) WHERE architecture = "
            "'theirs'") == "2 ");
  CHECK(ask(a,
            "SELECT host FROM attempts JOIN environments USING (environment) JOIN trials USING "
            "(trial, attempt) WHERE architecture = 'theirs'") == "there ");
  CHECK(ask(a, "SELECT count(*) FROM sweep_trials") == "11 ");
  CHECK_FALSE(
      SQLite::Statement(SQLite::Database(a.string()), "PRAGMA foreign_key_check").executeStep());
  CHECK(
      ask(a,
          "SELECT count(*) FROM results WHERE experiment_number IS NULL OR speed_number IS NULL") ==
      "0 ");
  const auto after = whole(a);
  const auto again = merge(b, a);
  CHECK(whole(a) == after);
  CHECK(again.trials + again.results + again.sweeps == 0);
}

TEST_CASE("merging into nothing is a copy, and benchmarks of two machines stand side by side",
          "[merge]") {
  const Folder folder;
  const auto a = folder.path / "a.db", b = folder.path / "b.db", all = folder.path / "all.db";
  make(a, {{"x", 0.7}}, "bench");
  make(b, {{"x", 0.7}}, "bench", "there");
  {  // at other times
    SQLite::Database db(b.string(), SQLite::OPEN_READWRITE);
    db.exec("UPDATE attempts SET started_at = '2020-01-01'");
  }
  CHECK(merge(a, all).results == 1);
  CHECK(ask(all, "SELECT architecture, top1 FROM leaderboard") ==
        ask(a, "SELECT architecture, top1 FROM leaderboard"));
  CHECK(merge(b, all).trials == 1);
  CHECK(ask(all, "SELECT count(*) FROM leaderboard") == "2 ");
  const auto after = whole(all);
  merge(a, all);
  merge(b, all);
  CHECK(whole(all) == after);
}

TEST_CASE("an older database is brought up to date in a copy", "[merge]") {
  const Folder folder;
  const auto old = folder.path / "old.db", a = folder.path / "a.db";
  {
    SQLite::Database db(old.string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec(migrations()[0]);
    db.exec(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = 1", application_id));
    db.exec(
        "INSERT INTO trials (fingerprint, state, architecture, family, learning_rate, seed, "
        "epochs, image_size, recipe_hash, spec) "
        "VALUES ('f-x', 'planned', 'x', 'resnet', 1e-3, 1, 2, 32, 'r', '{}')");
  }
  CHECK(merge(old, a).trials == 1);
  SQLite::Database db(old.string(), SQLite::OPEN_READONLY);
  CHECK(db.execAndGet("PRAGMA user_version").getInt() == 1);
}

TEST_CASE("what cannot be merged is refused, and changes nothing", "[merge]") {
  const Folder folder;
  const auto a = folder.path / "a.db", b = folder.path / "b.db";
  make(a, {{"x", 0.7}});
  const auto before = whole(a);
  const auto refused = [&](const std::filesystem::path& from) {
    try {
      merge(from, a);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("accepted");
  };
  CHECK_THAT(refused(folder.path / "gone.db"), Contains("gone.db: no such file"));
  CHECK_THAT(refused(a), Contains("itself"));
  folder.write("text.db", "this is no database, but a text of some length, which SQLite looks at");
  CHECK_THAT(refused(folder.path / "text.db"), Contains("text.db"));
  {
    SQLite::Database db((folder.path / "other.db").string(),
                        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    db.exec("CREATE TABLE t (x)");
  }
  CHECK_THAT(refused(folder.path / "other.db"), Contains("other.db"));
  make(b, {{"y", 0.7}});
  {
    SQLite::Database db(b.string(), SQLite::OPEN_READWRITE);
    db.exec("PRAGMA user_version = 99");
  }
  CHECK_THAT(refused(b), Contains("newer"));
  CHECK(whole(a) == before);
}
