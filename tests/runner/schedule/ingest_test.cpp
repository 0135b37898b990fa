#include "runner/schedule/ingest.h"

#include <catch2/catch.hpp>

#include "results/query.h"
#include "runner/trial/protocol.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::runner;

namespace {

std::string line(const Event& event) {
  return encode(event);
}

// The state and the rows of a trial whose scheduler died while its journal held `text`.
struct Left {
  std::string state, outcome;
  std::int64_t epochs, measurements;
};
Left ingest(const std::string& text) {
  const Folder folder;
  folder.write("j.jsonl", text);
  {
    results::Store store(folder.path / "a.db");
    const std::vector<results::NewTrial> one{{.fingerprint = "f", .spec = "{}"}};
    const auto id = store.plan(store.begin_sweep("s", "c", ""), one)[0].id;
    store.start(id, "cpu", (folder.path / "j.jsonl").string());
    store.add_epoch(id, 1, {.number = 1});  // this one had been read before the scheduler died
  }
  {
    results::Store store(folder.path / "a.db");
    CHECK(ingest_unfinished(store) == 1);
    CHECK(ingest_unfinished(store) == 0);
  }
  const auto row = results::Reader(folder.path / "a.db")
                       .ask(
                           "SELECT state, outcome, (SELECT count(*) FROM epochs), (SELECT "
                           "count(*) FROM measurements) FROM trials JOIN attempts USING (trial)")
                       .rows.at(0);
  return {std::get<std::string>(row[0]), std::get<std::string>(row[1]),
          std::get<std::int64_t>(row[2]), std::get<std::int64_t>(row[3])};
}

const auto two_epochs = line(Hello{}) + line(results::Epoch{.number = 1}) +
                        line(results::Epoch{.number = 2}) +
                        line(results::Measurement{.kind = "latency", .seconds = {1, 2}});

}  // namespace

TEST_CASE("a journal that ends well finishes its trial") {
  const auto left = ingest(two_epochs + line(results::Summary{.parameters = 1}));
  CHECK(left.state == "done");
  CHECK(left.outcome == "done");
  CHECK(left.epochs == 2);
  CHECK(left.measurements == 1);
}

TEST_CASE("a journal that ends at a rung pauses its trial") {
  const auto left = ingest(two_epochs + line(Paused{2, 1000}));
  CHECK(left.state == "paused");
  CHECK(left.outcome == "paused");
  CHECK(left.epochs == 2);
}

TEST_CASE("a journal that tells of a failure fails it") {
  CHECK(ingest(two_epochs + line(results::Failure{results::Cause::diverged, "NaN", ""})).state ==
        "failed");
}

TEST_CASE(
    "a journal that is cut off, damaged or missing keeps its rows and plans the trial again") {
  const auto whole = line(results::Summary{.parameters = 1});
  const auto left = ingest(two_epochs + whole.substr(0, whole.size() / 2));
  CHECK(left.state == "planned");
  CHECK(left.outcome == "released");
  CHECK(left.epochs == 2);
  CHECK(ingest("").epochs == 1);
  CHECK(ingest(std::string("\0\xff{}\n[", 6) + "\n" + two_epochs).epochs == 2);
}
