#include "results/selection.h"

#include <cmath>
#include <optional>
#include <random>

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <catch2/catch.hpp>

#include "results/frontier.h"
#include "results/hypervolume.h"
#include "results/store.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::results;
using Catch::Matchers::Contains;

namespace {

std::vector<HypervolumePoint> over_time(const std::filesystem::path& file) {
  const Reader reader(file);
  return hypervolume_over_time(reader, comparable(reader, {}));
}

struct Row {
  std::string architecture;
  int seed = 1;
  std::optional<double> latency, top1;
  std::optional<double> low = {}, high = {};
  std::string speed_key = "speed-a", accuracy_key = "accuracy-a";
  std::string family = "resnet";
  std::optional<double> memory = {}, throughput = {}, fit_time = {};
  std::string finished_at = "2026-01-01T00:00:00.000Z";
};

struct Database : Folder {
  int trials = 0;
  Database() { Store store(file()); }
  explicit Database(const std::vector<Row>& rows) : Database() {
    SQLite::Database db(file().string(), SQLite::OPEN_READWRITE);
    db.exec(
        "INSERT INTO comparability_keys VALUES ('speed-a', 'Big GPU'), ('speed-b', 'Small GPU'), "
        "('accuracy-a', 'pets'), ('accuracy-b', 'planet')");
    SQLite::Transaction all(db);
    for (const auto& r : rows) {
      db.exec(
          fmt::format("INSERT INTO trials (fingerprint, state, architecture, family, "
                      "recipe_hash, spec) VALUES ('{}', 'done', '', '', '', '')",
                      ++trials));
      SQLite::Statement s(db,
                          "INSERT INTO results (trial, source, experiment, architecture, tag, "
                          "family, dataset, seed, latency, latency_low, latency_high, top1, "
                          "train_memory_bytes, throughput, fit_time, parameters, speed_key, "
                          "accuracy_key, finished_at) VALUES (?, 'sweep', ?, ?, '', ?, '', ?, ?, "
                          "?, ?, ?, ?, ?, ?, 1000 - ?, ?, ?, ?)");
      int i = 0;
      const auto number = [&](const std::optional<double>& v) {
        v ? s.bind(++i, *v) : s.bind(++i);
      };
      s.bind(++i, trials);
      s.bind(++i, r.architecture);
      s.bind(++i, r.architecture);
      s.bind(++i, r.family);
      s.bind(++i, r.seed);
      number(r.latency), number(r.low), number(r.high), number(r.top1);
      number(r.memory), number(r.throughput), number(r.fit_time);
      s.bind(++i, trials);
      s.bind(++i, r.speed_key);
      s.bind(++i, r.accuracy_key);
      s.bind(++i, r.finished_at);
      s.exec();
    }
    all.commit();
  }
  std::filesystem::path file() const { return path / "a.db"; }
  Answer ask(const Selection& s = {}) const { return ask_frontier(Reader(file()), s); }
  std::string refusal(const Selection& s) const {
    try {
      ask(s);
    } catch (const Error& e) {
      CHECK(e.code() == Exit::usage);
      CHECK(std::string(e.what()).find('\n') == std::string::npos);
      return e.what();
    }
    return "";
  }
};

std::vector<std::string> names(const Answer& answer) {
  std::vector<std::string> all;
  for (const auto& s : answer.standings) all.push_back(s.architecture);
  return all;
}
using Names = std::vector<std::string>;

const Standing& of(const Answer& answer, const std::string& name) {
  for (const auto& s : answer.standings)
    if (s.architecture == name) return s;
  throw std::runtime_error("no " + name);
}

// Three seeds around a top1, `spread` apart.
void add_seeds(std::vector<Row>& rows, const std::string& name, double latency, double top1,
               double spread) {
  for (int seed = 1; seed <= 3; ++seed)
    rows.push_back({.architecture = name,
                    .seed = seed,
                    .latency = latency,
                    .top1 = top1 + (seed - 2) * spread,
                    .low = latency * 0.99,
                    .high = latency * 1.01});
}

}  // namespace

TEST_CASE("a clear winner beats beyond doubt; coinciding clouds are told apart by nobody") {
  std::vector<Row> rows;
  add_seeds(rows, "winner", 1e-3, 0.90, 0.002);
  add_seeds(rows, "loser", 2e-3, 0.80, 0.002);
  add_seeds(rows, "twin_a", 5e-3, 0.95, 0.002);
  add_seeds(rows, "twin_b", 5.001e-3, 0.9499, 0.002);
  const auto answer = Database(rows).ask();
  CHECK(names(answer) == Names{"winner", "loser", "twin_a", "twin_b"});
  const auto &winner = of(answer, "winner"), &loser = of(answer, "loser");
  const auto &a = of(answer, "twin_a"), &b = of(answer, "twin_b");
  CHECK(winner.on_frontier);
  CHECK(winner.probability == 1);
  CHECK(winner.group == 1);
  CHECK(winner.trials == std::vector<std::int64_t>{1, 2, 3});
  CHECK_FALSE(loser.on_frontier);
  CHECK(loser.probability == 0);
  CHECK(loser.group == 0);
  CHECK(a.on_frontier);
  CHECK_FALSE(b.on_frontier);
  CHECK(a.group == 2);
  CHECK(b.group == 2);
  CHECK(a.probability == Approx(0.75).margin(0.06));  // beaten when both coins fall wrong
  CHECK(b.probability == Approx(0.75).margin(0.08));
  // The same rows, the same answer.
  CHECK(Database(rows).ask().standings[2].probability == a.probability);
  const auto near = Database(rows).ask({.only_near = true});
  CHECK(names(near) == Names{"winner", "twin_a", "twin_b"});
  CHECK(near.standings[1].probability == a.probability);
}

TEST_CASE("mean over seeds, median over seeds, and the interval around them") {
  std::vector<Row> rows;
  for (int seed = 0; seed < 3; ++seed)
    rows.push_back({.architecture = "a",
                    .seed = 3 - seed,
                    .latency = std::vector{1e-3, 9e-3, 2e-3}[std::size_t(seed)],
                    .top1 = 0.8 + 0.01 * seed});
  const auto answer = Database(rows).ask();
  REQUIRE(answer.standings.size() == 1);
  const auto& s = answer.standings[0];
  CHECK(s.trials == std::vector<std::int64_t>{3, 2, 1});  // by seed
  CHECK(s.x == 2e-3);
  CHECK(s.y == Approx(0.81));
  // One experiment: its own spread, 0.01, is also the usual one, but for the median's correction.
  const double usual = 0.01 / std::pow(1 - 2.0 / 18, 1.5);
  const double spread = std::sqrt((4 * usual * usual + 2 * 1e-4) / 6 / 3);
  CHECK(s.y_high - s.y == Approx(1.96 * spread).epsilon(1e-3));
  CHECK(s.y - s.y_low == Approx(1.96 * spread).epsilon(1e-3));
  CHECK(s.x_low < 2e-3);
  CHECK(s.x_high > 2e-3);
}

TEST_CASE("intervals hold the truth as often as they say") {
  std::mt19937_64 random(7);
  std::normal_distribution<double> noise(0, 0.004);
  std::vector<Row> rows;
  for (int e = 0; e < 200; ++e)
    for (int seed = 0; seed < 3; ++seed)
      rows.push_back({.architecture = fmt::format("a{}", e),
                      .seed = seed,
                      .latency = 1e-3 * (e + 1),
                      .top1 = 0.8 + noise(random)});
  int held = 0;
  for (const auto& s : Database(rows).ask().standings) held += s.y_low <= 0.8 && 0.8 <= s.y_high;
  CHECK(held >= 182);
  CHECK(held <= 198);
}

TEST_CASE("what is not known is said: one seed, no timing samples") {
  const auto answer = Database({{.architecture = "a", .latency = 1e-3, .top1 = 0.8},
                                {.architecture = "b", .latency = 2e-3, .top1 = 0.7}})
                          .ask();
  const auto& a = of(answer, "a");
  CHECK(std::isnan(a.x_low));
  CHECK(std::isnan(a.y_high));
  CHECK(a.probability == 1);
  CHECK(of(answer, "b").probability == 0);
  CHECK(of(answer, "b").group == 0);

  SECTION("the seeds of another experiment tell") {
    std::vector<Row> rows{{.architecture = "one", .latency = 1e-3, .top1 = 0.8}};
    add_seeds(rows, "three", 9e-3, 0.9, 0.01);
    const auto both = Database(rows).ask();
    CHECK(of(both, "one").y_high - 0.8 ==
          Approx(1.96 * 0.01 / std::pow(1 - 2.0 / 18, 1.5)).epsilon(1e-3));
  }
  SECTION("timing samples tell") {
    const auto timed =
        Database(
            {{.architecture = "a", .latency = 1e-3, .top1 = 0.8, .low = 0.9e-3, .high = 1.1e-3}})
            .ask();
    CHECK(timed.standings[0].x_low == Approx(0.905e-3).epsilon(1e-2));
    CHECK(timed.standings[0].x_high == Approx(1.105e-3).epsilon(1e-2));
    CHECK(std::isnan(timed.standings[0].y_low));
  }
}

TEST_CASE("raw samples give the interval where none is stored") {
  const Database database({{.architecture = "a", .latency = 1e-3, .top1 = 0.8}});
  SQLite::Database(database.file().string(), SQLite::OPEN_READWRITE)
      .exec(
          "UPDATE results SET attempt = 1; INSERT INTO measurements (trial, attempt, kind, "
          "batch_size, dtype, layout, image_size, protocol, p50, samples_per_second, seconds) "
          "VALUES (1, 1, 'latency', 1, '', '', 1, 1, 1e-3, 1000, "
          "'[0.0009, 0.00095, 0.001, 0.00105, 0.0011, \"x\", null]')");
  const auto s = database.ask().standings.at(0);
  CHECK(s.x_low == Approx(0.92e-3).margin(0.03e-3));
  CHECK(s.x_high == Approx(1.09e-3).margin(0.03e-3));
  CHECK_FALSE(
      std::isnan(database.ask({.x = "latency_p99", .y = "top1"}).standings.empty() ? 0.0 : NAN));
}

TEST_CASE("on whatever axes, the frontier is what the definition says") {
  std::mt19937_64 random(3);
  const auto some = [&] { return 0.1 * static_cast<double>(1 + random() % 9); };
  std::vector<Row> rows;
  for (int i = 0; i < 300; ++i)
    rows.push_back({.architecture = fmt::format("a{}", i),
                    .latency = some(),
                    .top1 = some(),
                    .memory = some() * 1e9,
                    .throughput = 10 * some(),
                    .fit_time = 100 * some()});
  const Database database(rows);
  const Reader reader(database.file());
  for (const auto* x :
       {"latency", "throughput", "seconds_per_sample", "memory", "params", "fit_time"})
    for (const auto* y : {"top1", "error", "score", "throughput", "memory"}) {
      if (std::string(x) == y) continue;
      INFO(x << " " << y);
      const auto answer = database.ask({.x = x, .y = y});
      REQUIRE(answer.standings.size() == 300);
      const auto cost = [&](const Standing& s) {
        return answer.x.better == Better::higher ? -s.x : s.x;
      };
      const auto quality = [&](const Standing& s) {
        return answer.y.better == Better::lower ? -s.y : s.y;
      };
      for (std::size_t i = 0; i < 300; ++i) {
        const auto& s = answer.standings[i];
        bool beaten = false;
        for (const auto& t : answer.standings)
          beaten |= cost(t) <= cost(s) && quality(t) >= quality(s) &&
                    (cost(t) < cost(s) || quality(t) > quality(s));
        CHECK(s.on_frontier == !beaten);
        CHECK((s.group > 0) == s.on_frontier);  // nothing scatters here
        CHECK(s.probability == (s.on_frontier ? 1 : 0));
        if (i > 0) CHECK(cost(answer.standings[i - 1]) <= cost(s));
      }
    }
}

TEST_CASE("keys are never mixed, and can be chosen") {
  const std::vector<Row> rows{
      {.architecture = "a", .latency = 1e-3, .top1 = 0.8},
      {.architecture = "b", .latency = 2e-3, .top1 = 0.9},
      {.architecture = "c", .latency = 1e-4, .top1 = 0.99, .speed_key = "speed-b"},
      {.architecture = "d", .latency = 1e-4, .top1 = 0.99, .accuracy_key = "accuracy-b"}};
  const Database database(rows);
  const auto usual = database.ask();
  CHECK(names(usual) == Names{"a", "b"});
  CHECK(usual.left_out == 2);
  CHECK(usual.other_keys == 2);
  CHECK(usual.keys == "pets; Big GPU");
  CHECK(names(database.ask({.speed_key = "speed-b"})) == Names{"c"});
  CHECK(names(database.ask({.accuracy_key = "accuracy-b"})) == Names{"d"});
  CHECK(database.ask({.accuracy_key = "accuracy-b"}).left_out == 3);
  CHECK(database.ask({.speed_key = "speed-b", .accuracy_key = "accuracy-b"}).standings.empty());
  // Parameters are the same on any machine.
  const auto any = database.ask({.x = "params"});
  CHECK(any.standings.size() == 3);
  CHECK(any.left_out == 1);
  CHECK(any.keys == "pets");
  CHECK_THAT(database.refusal({.speed_key = "speed"}),
             Contains("several keys begin so") && Contains("speed-b (Small GPU)"));
  CHECK_THAT(database.refusal({.accuracy_key = "zz"}),
             Contains("no key begins so") && Contains("accuracy-a (pets)"));
  // Of as many rows, the key that was used last.
  auto tied = rows;
  tied.pop_back();
  tied.push_back({.architecture = "e",
                  .latency = 1e-4,
                  .top1 = 0.99,
                  .speed_key = "speed-b",
                  .finished_at = "2027-01-01T00:00:00.000Z"});
  CHECK(names(Database(tied).ask()) == Names{"c", "e"});
}

TEST_CASE("one training that is seen under several keys is one seed") {
  std::vector<Row> rows;
  for (const char* machine : {"speed-a", "speed-b"})
    for (int seed = 1; seed <= 2; ++seed)
      rows.push_back({.architecture = "a",
                      .seed = seed,
                      .latency = 0.001,
                      .top1 = 0.8 + 0.01 * seed,
                      .speed_key = machine});
  const Database db(rows);
  const auto over_machines = db.ask({.x = "parameters"});
  REQUIRE(over_machines.standings.size() == 1);
  CHECK(over_machines.standings[0].trials == std::vector<std::int64_t>{1, 2});
  CHECK(over_machines.standings[0].y == Approx(0.815));
  CHECK(db.ask({.speed_key = "speed-b"}).standings[0].trials == std::vector<std::int64_t>{3, 4});
}

TEST_CASE("conditions choose the rows before the frontier is drawn") {
  const Database database(
      {{.architecture = "a", .latency = 1e-3, .top1 = 0.8, .memory = 1e9},
       {.architecture = "b", .latency = 2e-3, .top1 = 0.7, .family = "o'family", .memory = 3e9},
       {.architecture = "c", .latency = 3e-3, .top1 = 0.75}});
  CHECK_FALSE(of(database.ask(), "b").on_frontier);
  CHECK(of(database.ask({.where = "latency_ms > 1.5"}), "b").on_frontier);
  CHECK(names(database.ask({.max_memory = 2e9})) == Names{"a"});
  CHECK(names(database.ask({.families = {"o'*"}})) == Names{"b"});
  CHECK(names(database.ask({.families = {"!o'*"}})) == Names{"a", "c"});
  CHECK_THAT(database.refusal({.families = {"resent"}}), Contains("did you mean 'resnet'"));
  CHECK_THAT(database.refusal({.x = "latncy"}), Contains("--x") && Contains("'latency'"));
  CHECK_THAT(database.refusal({.x = "top1"}), Contains("both top1"));
  for (const auto* bad :
       {"latency <", "1) UNION SELECT 1", "1); DROP TABLE trials", "1) --", "'open", "\"open", "(1",
        "1 /* x", " ", "nope = 1", "max(top1) > 1", "latency < 1; DELETE FROM trials", "[x"}) {
    INFO(bad);
    CHECK_THAT(database.refusal({.where = bad}), Contains("--where"));
  }
  CHECK_THAT(database.refusal({.where = "latncy < 1"}), Contains("did you mean 'latency'"));
  CHECK(names(database.ask({.where = "architecture = 'a' OR architecture = ')('"})) == Names{"a"});
}

TEST_CASE("nothing, one row, NULL and zero") {
  CHECK(Database().ask().standings.empty());
  const auto one = Database({{.architecture = "a", .latency = 0.0, .top1 = 0.8}}).ask();
  REQUIRE(one.standings.size() == 1);
  CHECK(one.standings[0].on_frontier);
  CHECK(one.left_out == 0);
  CHECK(Database({{.architecture = "a", .latency = 1.0}}).ask().standings.empty());
  // Without latency, speed is what there is.
  const auto slow = Database({{.architecture = "a", .top1 = 0.5, .throughput = 10}}).ask();
  CHECK(slow.x.key == "seconds_per_sample");
  CHECK(Database({{.architecture = "a", .top1 = 0.5, .fit_time = 10}}).ask().x.key == "fit_time");
  std::vector<Row> zeros;
  add_seeds(zeros, "zero", 0, 0.5, 0.1);
  add_seeds(zeros, "more", 1e-3, 0.9, 0.1);
  const auto answer = Database(zeros).ask();
  CHECK(of(answer, "zero").probability == 1);
}

TEST_CASE("hypervolume: what the trials finished so far beat") {
  const auto at = [](int hour) { return fmt::format("2026-01-01T{:02}:00:00.000Z", hour); };
  // ln(latency): 0, 1, 2; the worst corner is (2, 0.5).
  const double e = std::exp(1.0);
  const Database database(
      {{.architecture = "worst_x", .latency = e * e, .top1 = 0.6, .finished_at = at(0)},
       {.architecture = "worst_y", .latency = e, .top1 = 0.5, .finished_at = at(1)},
       {.architecture = "middle", .latency = e, .top1 = 0.7, .finished_at = at(2)},
       {.architecture = "beaten", .latency = e * 1.5, .top1 = 0.65, .finished_at = at(3)},
       {.architecture = "fast", .latency = 1, .top1 = 0.6, .finished_at = at(4)},
       {.architecture = "last", .latency = e, .top1 = 0.7, .finished_at = at(6)}});
  const auto points = over_time(database.file());
  REQUIRE(points.size() == 3);  // 0.2, then 0.2 + 0.1, and the last trial
  CHECK(points[0].architecture == "middle");
  CHECK(points[0].trial == 3);
  CHECK(points[0].hours == Approx(2));
  CHECK(points[0].share == Approx(2.0 / 3));
  CHECK(points[1].architecture == "fast");
  CHECK(points[1].share == Approx(1));
  CHECK(points[2].architecture == "last");
  CHECK(points[2].hours == Approx(6));
  CHECK(over_time(Database().file()).empty());
  const Database one({{.architecture = "a", .latency = 1, .top1 = 0.5}});
  CHECK(over_time(one.file()).at(0).share == 1);
}

TEST_CASE("hypervolume equals the area of the frontier") {
  std::mt19937_64 random(5);
  std::vector<Row> rows;
  std::vector<Candidate> candidates;
  for (int i = 0; i < 60; ++i) {
    const double latency = std::exp(0.1 * static_cast<double>(random() % 30));
    const double top1 = 0.01 * static_cast<double>(random() % 50);
    rows.push_back({.architecture = "a",
                    .seed = i,
                    .latency = latency,
                    .top1 = top1,
                    .finished_at = fmt::format("2026-01-01T00:00:{:02}.000Z", i)});
    candidates.push_back({std::log(latency), top1});
  }
  double worst_cost = 0, worst_quality = 1;
  for (const auto& c : candidates) {
    worst_cost = std::max(worst_cost, c.cost);
    worst_quality = std::min(worst_quality, c.quality);
  }
  const auto area = [&](std::size_t count) {
    double sum = 0, reached = worst_quality;
    const std::span first(candidates.data(), count);
    for (const auto i : frontier(first)) {
      sum += (worst_cost - first[i].cost) * (first[i].quality - reached);
      reached = first[i].quality;
    }
    return sum;
  };
  const Database database(rows);
  for (const auto& p : over_time(database.file()))
    CHECK(p.share == Approx(area(static_cast<std::size_t>(p.trial)) / area(60)));
}
