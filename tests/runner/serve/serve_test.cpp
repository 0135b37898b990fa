// What the live page's server answers, from request to response, without sockets.

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "results/store.h"
#include "runner/serve/pages.h"
#include "runner/serve/site.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"
#include "tests/runner/http/requests.h"

using namespace archsweep;
using namespace archsweep::http;
using namespace archsweep::serve;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

// A sweep of `done` finished trials, one that failed, one that runs and one that waits.
struct Sweep : Folder {
  explicit Sweep(int done) {
    results::Store store(file());
    const auto sweep = store.begin_sweep("night", "night.yaml", "");
    std::vector<results::NewTrial> trials;
    for (int i = 0; i < done + 3; ++i)
      trials.push_back({.fingerprint = std::to_string(i),
                        .architecture = i % 2 ? "resnet18" : "lcnet_050",
                        .family = i % 2 ? "resnet" : "mobilenetv3",
                        .dataset = "pets",
                        .learning_rate = 0.001 * (i + 1),
                        .epochs = 4,
                        .image_size = 32,
                        .spec = "{}"});
    const auto rows = store.plan(sweep, trials);
    for (int i = 0; i < done; ++i) {
      const int attempt = store.start(rows[i].id, "cpu", "j");
      store.add_epoch(rows[i].id, attempt, {.number = 1, .valid_top1 = 0.01 * (i * 37 % 97)});
      store.add_measurement(rows[i].id, attempt,
                            {.kind = "latency", .seconds = {0.001 * (1 + i * 31 % 89)}});
      store.finish(rows[i].id, attempt, {.parameters = 1000 + i});
    }
    const auto failed = rows[done].id, running = rows[done + 1].id;
    store.fail(failed, store.start(failed, "cpu", "j"),
               {results::Cause::out_of_memory, "too big", "the last words"});
    const int attempt = store.start(running, "cpu", "j");
    for (int epoch = 1; epoch <= 2; ++epoch)
      store.add_epoch(running, attempt, {.number = epoch, .train_loss = 1.0 / epoch});
  }
  std::filesystem::path file() const { return path / "night.db"; }
};

json ask(const Sweep& sweep, const Request& request, int expected = 200) {
  const auto answer = Site(sweep.file())(request);
  CHECK(answer.status == expected);
  CHECK(answer.type == "application/json");
  return json::parse(answer.body);
}

}  // namespace

TEST_CASE("the summary counts the sweep and shows what runs") {
  const Sweep sweep(3);
  const auto summary = ask(sweep, get("/api/summary"));
  CHECK(summary["sweep"]["name"] == "night");
  CHECK(summary["counts"] ==
        json{{"planned", 1}, {"running", 1}, {"paused", 0}, {"done", 3}, {"failed", 1}});
  CHECK(summary["writer"] == false);  // the store is closed: nobody is at it
  CHECK(summary["left"].is_null());
  REQUIRE(summary["running"].size() == 1);
  const auto& running = summary["running"][0];
  CHECK(running["epochs"] == 4);
  CHECK(running["curve"]["rows"].size() == 2);
  CHECK(running["curve"]["rows"][1][1] == 0.5);

  results::Store writer(sweep.file());
  writer.see_sweep(results::SweepId(1), 600);
  const auto now = ask(sweep, get("/api/summary"));
  CHECK(now["writer"] == true);
  CHECK(now["left"].get<double>() == Approx(600).margin(60));
}

TEST_CASE("finished trials are sorted, filtered and cut") {
  const Sweep sweep(20);
  const auto first = [&](std::map<std::string, std::string> query, const std::string& column) {
    const auto answer = ask(sweep, get("/api/trials", std::move(query)));
    const auto& columns = answer["columns"];
    const auto at = std::find(columns.begin(), columns.end(), column) - columns.begin();
    return std::pair(answer["rows"].at(0).at(at), answer["total"].get<int>());
  };
  CHECK(first({}, "top1") == std::pair(json(0.93), 20));
  CHECK(first({{"order", "asc"}}, "top1").first == 0.0);
  CHECK(first({{"sort", "latency"}}, "latency").first == 0.001);  // lower is better: first
  CHECK(first({{"sort", "parameters"}, {"order", "desc"}, {"limit", "1"}}, "parameters").first ==
        1019);
  CHECK(first({{"text", "RESNET"}}, "architecture") == std::pair(json("resnet18"), 10));
  CHECK(first({{"family", "mobilenetv3"}, {"where", "top1 > 0.5"}}, "family").first ==
        "mobilenetv3");
  CHECK(ask(sweep, get("/api/trials", {{"limit", "3"}, {"offset", "18"}}))["rows"].size() == 2);
  CHECK(ask(sweep, get("/api/trials", {{"text", "' OR 1 --"}}))["total"] == 0);
  CHECK(ask(sweep, get("/api/trials", {{"family", "%"}}))["total"] == 0);

  const auto refused = [&](std::map<std::string, std::string> query) {
    return ask(sweep, get("/api/trials", std::move(query)), 400)["error"].get<std::string>();
  };
  CHECK_THAT(refused({{"sort", "latencey"}}), Contains("did you mean 'latency'"));
  CHECK_THAT(refused({{"sort", "top1; DROP TABLE trials"}}), Contains("no column"));
  CHECK_THAT(refused({{"limit", "501"}}), Contains("up to 500"));
  CHECK_THAT(refused({{"offset", "-1"}}), Contains("whole number"));
  CHECK_THAT(refused({{"where", "nope > 1"}}), Contains("no such column: nope"));
  CHECK_THAT(refused({{"where", "1) --"}}), Contains("without its"));
  CHECK_THAT(refused({{"where", "load_extension('x')"}}), Contains("not authorized"));
  Site hurried(sweep.file(), 0.2);
  const auto endless =
      hurried(get("/api/trials", {{"where",
                                   "(WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
                                   "n) SELECT count(*) FROM n)"}}));
  CHECK(endless.status == 400);
  CHECK_THAT(endless.body, Contains("no full answer"));
  CHECK_THAT(refused({{"text", std::string("a\0b", 3)}}), Contains("zero byte"));
}

TEST_CASE("trials are sorted by the metric of quality that they have") {
  const Sweep classes(2);
  CHECK(ask(classes, get("/api/trials"))["usual"] == "top1");

  const Sweep numbers(0);
  {
    results::Store store(numbers.file());
    const auto sweep = store.begin_sweep("numbers", "numbers.yaml", "");
    for (const auto& [name, loss] : {std::pair("bad", 2.0), {"good", 0.5}, {"fair", 1.0}}) {
      const std::vector<results::NewTrial> one{
          {.fingerprint = name, .architecture = name, .family = "mlp", .epochs = 1, .spec = "{}"}};
      const auto id = store.plan(sweep, one)[0].id;
      const int attempt = store.start(id, "cpu", "j");
      store.add_epoch(id, attempt, {.number = 1, .valid_loss = loss});
      store.finish(id, attempt, {.parameters = 10});
    }
  }
  const auto answer = ask(numbers, get("/api/trials"));
  CHECK(answer["usual"] == "valid_loss");
  const auto& columns = answer["columns"];
  const auto at = std::find(columns.begin(), columns.end(), "architecture") - columns.begin();
  std::vector<std::string> order;
  for (const auto& row : answer["rows"]) order.push_back(row[at]);
  CHECK(order == std::vector<std::string>{"good", "fair", "bad"});
}

TEST_CASE("all about one trial, and about those that failed") {
  const Sweep sweep(2);
  const auto failures = ask(sweep, get("/api/failures"));
  REQUIRE(failures["rows"].size() == 1);
  const auto id = failures["rows"][0][0].get<int>();
  const auto failed = ask(sweep, get("/api/trial/" + std::to_string(id)));
  CHECK(failed["trial"]["state"] == "failed");
  CHECK(failed["attempts"][0]["stderr_tail"] == "the last words");
  CHECK(failed["attempts"][0]["cause"] == "out_of_memory");
  CHECK(failed["result"].is_null());
  const auto done = ask(sweep, get("/api/trial/1"));
  CHECK(done["result"]["parameters"] == 1000);
  CHECK(done["measurements"].size() == 1);
  CHECK(done["epochs"]["rows"].size() == 1);
  CHECK(done["keys"].size() == 2);
  for (const auto* none : {"/api/trial/99", "/api/trial/", "/api/trial/1x", "/api/trial/-1",
                           "/api/", "/api/trial/99999999999999999999", "/api/nothing"})
    ask(sweep, get(none), 404);
}

TEST_CASE("the frontier of the picture is the frontier") {
  const Sweep sweep(60);
  const auto points = ask(sweep, get("/api/frontier"))["points"];
  CHECK(points.size() == 60);
  for (const auto& p : points) {
    bool beaten = false;
    for (const auto& q : points)
      beaten |= q["x"] <= p["x"] && q["y"] >= p["y"] && (q["x"] < p["x"] || q["y"] > p["y"]);
    CHECK(p["on_frontier"] == !beaten);
  }
  const auto other =
      ask(sweep, get("/api/frontier", {{"x", "params"}, {"y", "error"}, {"family", "resnet"}}));
  CHECK(other["x"] == "parameters");
  CHECK(other["points"].size() == 30);
  CHECK(ask(sweep, get("/api/frontier", {{"where", "top1 > 2"}}))["points"].empty());
  CHECK_THAT(ask(sweep, get("/api/frontier", {{"x", "latncy"}}), 400)["error"].get<std::string>(),
             Contains("did you mean 'latency'"));
}

TEST_CASE(
    "the database may be gone, foreign or replaced, and what has not changed is not sent again") {
  const Sweep sweep(1);
  Site site(sweep.file());
  const auto first = site(get("/api/summary"));
  const auto version = header_of(first, "ETag");
  CHECK(version.size() > 10);
  const auto again = [&] {
    return site(get("/api/summary", {}, {{"host", "localhost"}, {"if-none-match", version}}));
  };
  CHECK(again().status == 304);
  CHECK(again().body.empty());
  std::filesystem::rename(sweep.file(), sweep.path / "away.db");
  CHECK(again().status == 503);
  CHECK_THAT(again().body, Contains("no such file"));
  sweep.write("night.db", "not a database, and long enough to be read as the head of one");
  CHECK(again().status == 503);
  std::filesystem::remove(sweep.file());
  const Sweep other(2);
  std::filesystem::copy_file(other.file(), sweep.file());
  CHECK(again().status == 200);
}

TEST_CASE("the page is in the program and nothing else is served") {
  Site site("none.db");
  for (const auto& page : pages()) {
    const auto answer = site(get(std::string(page.path)));
    CHECK(answer.status == 200);
    CHECK(answer.body == page.text);
    CHECK_THAT(answer.body, !Contains("http:") || Contains("http://www.w3.org/2000/svg"));
    CHECK_THAT(answer.body, !Contains("https:"));
  }
  CHECK(site(get("/")).type == "text/html; charset=utf-8");
  CHECK(site(get("/page.js")).type == "text/javascript; charset=utf-8");
  for (const auto* none : {"/index.html", "/../page.js", "//page.js", "/page.js/", "/none.db",
                           "/plotly.min.js/../../../etc/passwd", "/etc/passwd", "", "page.js"})
    CHECK(site(get(none)).status == 404);
}
