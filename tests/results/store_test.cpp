#include "results/store.h"

#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>

#include "results/metric.h"
#include "results/query.h"
#include "results/schema.h"
#include "runner/support/error.h"

using namespace archsweep;
using namespace archsweep::results;
using Catch::Matchers::Contains;

namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = std::filesystem::temp_directory_path() / "archsweep-store-XXXXXX";
    path = ::mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path db() const { return path / "a.db"; }
};

NewTrial trial(const std::string& name) {
  return {.fingerprint = "f-" + name,
          .architecture = name,
          .family = "resnet",
          .learning_rate = 1e-3,
          .seed = 1,
          .epochs = 2,
          .image_size = 32,
          .recipe_hash = "r",
          .spec = "{}"};
}

void finish(Store& store, TrialId id, double top1, double seconds) {
  const int attempt = store.start(id, "cpu", "j");
  store.set_environment(id, attempt, {.device = "cpu", .device_name = "CPU", .threads = 2});
  for (int repeat = 0; repeat < 2; ++repeat) {  // as a journal that is read again
    store.add_epoch(id, attempt, {.number = 1, .valid_top1 = top1, .seconds = 3});
    store.add_measurement(id, attempt,
                          {.kind = "latency",
                           .dtype = "float32",
                           .layout = "contiguous",
                           .image_size = 32,
                           .protocol = 1,
                           .seconds = {seconds, seconds, seconds}});
  }
  store.finish(id, attempt,
               {.parameters = 10,
                .macs = 20,
                .dtype = "float32",
                .layout = "contiguous",
                .split_hash = "s"});
}

}  // namespace

TEST_CASE("a sweep tells when it was seen and when it expects to end") {
  const Folder folder;
  Store store(folder.db());
  const auto sweep = store.begin_sweep("night", "night.yaml", "");
  const auto ask = [&](const std::string& what) {
    return Reader(folder.db()).ask("SELECT " + what + " FROM sweeps").rows[0][0];
  };
  CHECK(ask("seen_at").index() == 0);
  store.see_sweep(sweep, not_measured);
  CHECK(ask("seen_at").index() != 0);
  CHECK(ask("expected_end").index() == 0);
  store.see_sweep(sweep, 90);
  CHECK(std::get<double>(ask("(julianday(expected_end) - julianday(seen_at)) * 86400")) ==
        Approx(90).margin(0.01));
}

TEST_CASE("planning again keeps what is done, and adds what is new") {
  Folder folder;
  {
    Store store(folder.db());
    const std::vector<NewTrial> two{trial("a"), trial("b")};
    const auto rows = store.plan(store.begin_sweep("s", "c.yaml", ""), two);
    finish(store, rows[0].id, 0.9, 0.001);
    store.start(rows[1].id, "cpu", "journal-b");
  }
  Store store(folder.db());
  REQUIRE(store.unfinished().size() == 1);
  CHECK(store.unfinished()[0].journal == "journal-b");
  store.release(store.unfinished()[0].id, 1, {Cause::killed, "stopped", ""});
  CHECK(store.unfinished().empty());
  const auto sweep = store.begin_sweep("s", "c.yaml", "");
  const std::vector<NewTrial> three{trial("a"), trial("b"), trial("c")};
  const auto rows = store.plan(sweep, three);
  CHECK(rows[0].state == TrialState::done);
  CHECK(rows[1].state == TrialState::planned);
  CHECK(rows[1].attempts == 1);
  CHECK(rows[2].attempts == 0);
  CHECK(store.plan(sweep, std::vector{trial("d")}).size() == 1);  // a later rung
}

TEST_CASE("a paused trial goes on: how far it has come, why it waits, and what counts in the end") {
  const Folder folder;
  Store store(folder.db());
  const std::vector<NewTrial> one{trial("a")};
  const auto id = store.plan(store.begin_sweep("s", "c", ""), one)[0].id;
  CHECK(!store.find("f-b").has_value());
  CHECK(store.find("f-a")->state == TrialState::planned);
  CHECK(store.reached(id).top1.empty());

  const int first = store.start(id, "cpu", "j");
  store.add_epoch(id, first, {.number = 1, .valid_top1 = 0.5, .seconds = 2, .valid_seconds = 1});
  store.pause(id, first, "at epoch 1 of 2");
  CHECK(store.find("f-a")->state == TrialState::paused);
  CHECK(store.unfinished().empty());
  store.explain_pause(id, "beaten");
  const auto message =
      Reader(folder.db()).ask("SELECT outcome, cause, message FROM attempts").rows.at(0);
  CHECK(std::get<std::string>(message[0]) == "paused");
  CHECK(std::holds_alternative<std::monostate>(message[1]));
  CHECK(std::get<std::string>(message[2]) == "beaten");

  // The next attempt tells the epoch again and one more.
  const int second = store.start(id, "cpu", "j");
  store.add_epoch(id, second, {.number = 1, .valid_top1 = 0.5, .seconds = 2, .valid_seconds = 1});
  store.add_epoch(id, second, {.number = 2, .valid_top1 = 0.7, .seconds = 3});
  CHECK(store.reached(id).top1 == std::vector{0.5, 0.7});
  CHECK(store.reached(id).seconds == 6);

  SECTION("or begins anew, where its checkpoint is lost") {
    store.release(id, second, {Cause::killed, "the sweep was stopped", ""});
    const int third = store.start(id, "cpu", "j");
    store.add_epoch(id, third, {.number = 1, .valid_top1 = 0.4, .seconds = 1});
    CHECK(store.reached(id).top1 == std::vector{0.4});
    return;
  }
  store.finish(id, second, {});
  const auto row =
      Reader(folder.db()).ask("SELECT top1, train_seconds FROM leaderboard").rows.at(0);
  CHECK(std::get<double>(row[0]) == 0.7);
  CHECK(std::get<double>(row[1]) == 5);
}

TEST_CASE("what a candidate took is known in the environment where it was tried") {
  const Folder folder;
  const Environment here{.device = "cpu", .device_name = "CPU", .threads = 2};
  auto there = here;
  there.threads = 3;
  {
    Store store(folder.db());
    store.add_preflight("k", here, {.train_step_seconds = 2});
    store.add_preflight("k", here, {.train_step_seconds = 1, .checkpoint_bytes = 5});
  }
  const Store store(folder.db());
  REQUIRE(store.preflight("k", here));
  CHECK(store.preflight("k", here)->train_step_seconds == 1);
  CHECK(store.preflight("k", here)->checkpoint_bytes == 5);
  CHECK(std::isnan(store.preflight("k", here)->latency));
  CHECK_FALSE(store.preflight("k", there));
  CHECK_FALSE(store.preflight("l", here));
}

TEST_CASE("the views: every metric is a column; the beaten are not on the frontier") {
  Folder folder;
  Store store(folder.db());
  const std::vector<NewTrial> three{trial("fast"), trial("slow_and_worse"), trial("best")};
  const auto rows = store.plan(store.begin_sweep("s", "c.yaml", ""), three);
  finish(store, rows[0].id, 0.8, 0.001);
  finish(store, rows[1].id, 0.7, 0.002);
  finish(store, rows[2].id, 0.9, 0.003);
  const Reader reader(folder.db());  // while the writer lives
  for (const auto& metric : metrics)
    CHECK_NOTHROW(reader.ask("SELECT " + std::string(metric.key) + " FROM leaderboard"));
  CHECK(reader.ask("SELECT * FROM epochs").rows.size() == 3);
  CHECK(reader
            .ask("SELECT 1 FROM leaderboard WHERE throughput_low <= throughput AND throughput <= "
                 "throughput_high")
            .rows.size() == 3);
  // Two keys that all share, their pair, and an experiment each.
  CHECK(reader.ask("SELECT 1 FROM numbers").rows.size() == 6);
  CHECK(reader.ask("SELECT 1 FROM results WHERE throughput_spread BETWEEN 0 AND 0.5").rows.size() ==
        3);
  const auto frontier = reader.ask("SELECT architecture FROM frontier").rows;
  REQUIRE(frontier.size() == 2);
  CHECK(std::get<std::string>(frontier[0][0]) == "fast");
  CHECK(std::get<std::string>(frontier[1][0]) == "best");
}

TEST_CASE("a database of the first schema is brought up to date by whoever opens it") {
  Folder folder;
  {
    SQLite::Database old(folder.db().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    old.exec(migrations()[0]);
    old.exec(
        "PRAGMA application_id = 1634886504; PRAGMA user_version = 1;"
        "INSERT INTO sweeps VALUES (1, 'night', 'c.yaml', '', '2026-01-01', NULL, NULL);"
        "INSERT INTO trials VALUES (7, 'f', 'done', 'resnet18', 'resnet', 0.001, 3, 2, 32, 'r', "
        "'{\"dataset\":{\"root\":\"/data/pets\"}}', 1), "
        "(8, 'g', 'planned', 'resnet34', 'resnet', 0.001, 3, 2, 32, 'r', '{}', NULL);"
        "INSERT INTO sweep_trials VALUES (1, 0, 7), (1, 1, 8);"
        "INSERT INTO attempts (trial, attempt, started_at, device, journal) VALUES (7, 1, '', "
        "'cpu', 'j');"
        "INSERT INTO epochs (trial, attempt, epoch, seconds, valid_seconds) VALUES (7, 1, 1, 3, 1);"
        "INSERT INTO measurements VALUES (7, 1, 'latency', 1, 'float32', 'contiguous', 32, 1, 0.1, "
        "0.2, 0.3, "
        "10, '[0.1]');"
        "INSERT INTO results (trial, attempt, top1, latency, speed_key, accuracy_key) VALUES (7, "
        "1, "
        "0.9, 0.1, 's', 'a');");
  }
  const Reader reader(folder.db());
  const auto rows =
      reader.ask("SELECT sweep, source, experiment, fit_time, dataset, latency_ms FROM leaderboard")
          .rows;
  REQUIRE(rows.size() == 1);
  CHECK(rows[0] ==
        std::vector<Value>{"night", "sweep", "resnet18||0.001", 4.0, "/data/pets", 100.0});
  CHECK(reader.ask("SELECT trial FROM frontier").rows.size() == 1);
  Store store(folder.db());
  CHECK(store.plan(store.begin_sweep("s", "c.yaml", ""), std::vector{trial("a")}).size() == 1);
}

TEST_CASE("one writer; its pid is named") {
  Folder folder;
  Store store(folder.db());
  CHECK_THROWS_WITH(Store(folder.db()), Contains(std::to_string(::getpid())));
}

TEST_CASE("other programs' databases, newer schemas and damaged files are refused") {
  Folder folder;
  SECTION("another program's") {
    SQLite::Database(folder.db().string(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE)
        .exec("CREATE TABLE theirs (x)");
    CHECK_THROWS_WITH(Store(folder.db()), Contains("another program"));
    CHECK_THROWS_WITH(Reader(folder.db()), Contains("another program"));
  }
  SECTION("newer") {
    { Store store(folder.db()); }
    SQLite::Database(folder.db().string(), SQLite::OPEN_READWRITE).exec("PRAGMA user_version = 99");
    CHECK_THROWS_WITH(Store(folder.db()), Contains("newer"));
    CHECK_THROWS_WITH(Reader(folder.db()), Contains("newer"));
  }
  SECTION("not a database") {
    std::ofstream(folder.db()) << std::string(5000, 'x');
    CHECK_THROWS_WITH(Store(folder.db()), Contains("not an SQLite"));
    CHECK_THROWS_WITH(Reader(folder.db()), Contains("not an SQLite"));
  }
}

TEST_CASE("nothing that is asked can write") {
  Folder folder;
  { Store store(folder.db()); }
  const Reader reader(folder.db());
  const auto other = (folder.path / "other.db").string();
  for (const std::string& sql :
       {std::string("DELETE FROM trials"), std::string("CREATE TABLE x (y)"),
        "ATTACH '" + other + "' AS o", "VACUUM INTO '" + other + "'",
        std::string("PRAGMA user_version = 7"), std::string("PRAGMA journal_mode = DELETE"),
        std::string("PRAGMA writable_schema = 1"), std::string("SELECT 1; DELETE FROM trials"),
        std::string("CREATE TEMP TABLE x (y)"), std::string("BEGIN EXCLUSIVE"), std::string(""),
        std::string("SELECT load_extension('x')"), std::string("selec 1")}) {
    INFO(sql);
    CHECK_THROWS_AS(reader.ask(sql), Error);
  }
  CHECK_FALSE(std::filesystem::exists(other));
  CHECK(reader.ask("PRAGMA user_version").rows.size() == 1);
  CHECK(reader.ask("SELECT 1; -- done").rows.size() == 1);
}

TEST_CASE("a folder that cannot be written is read, and refused to a writer") {
  if (::geteuid() != 0) return;  // as root, become someone who may not write
  Folder folder;
  { Store store(folder.db()); }
  std::filesystem::remove(folder.db().string() + ".lock");
  std::filesystem::permissions(folder.path, std::filesystem::perms(0755));
  REQUIRE(::seteuid(65534) == 0);
  CHECK_NOTHROW(Reader(folder.db()).ask("SELECT * FROM leaderboard"));
  CHECK_THROWS_AS(Store(folder.db()), Error);
  REQUIRE(::seteuid(0) == 0);
}

TEST_CASE("a full disk is an error of the environment, and loses nothing") {
  Folder folder;
  const auto before = std::signal(SIGXFSZ, SIG_IGN);
  rlimit old{};
  ::getrlimit(RLIMIT_FSIZE, &old);
  {
    Store store(folder.db());
    const auto sweep = store.begin_sweep("s", "c", "");
    rlimit small{300'000, old.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
    Exit code = Exit::done;
    try {
      for (int i = 0; i < 1000; ++i) store.begin_sweep("s", "c", std::string(10'000, 'x'));
    } catch (const Error& e) {
      code = e.code();
    }
    ::setrlimit(RLIMIT_FSIZE, &old);
    CHECK(code == Exit::environment);
    CHECK_NOTHROW(store.end_sweep(sweep, "finished"));
  }
  std::signal(SIGXFSZ, before);
  CHECK(Reader(folder.db()).ask("SELECT 1 FROM sweeps WHERE outcome = 'finished'").rows.size() ==
        1);
}
