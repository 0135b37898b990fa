#include "results/plot/pictures.h"

#include <catch2/catch.hpp>

#include "results/plot/details.h"
#include "results/store.h"
#include "runner/support/error.h"
#include "tests/runner/data/folder.h"

using namespace archsweep;
using namespace archsweep::results;
using Catch::Matchers::Contains;

namespace {

// A database to which trials are added.
struct Night : Folder {
  std::filesystem::path file() const { return path / "a.db"; }

  void add(const std::string& architecture, double rate, std::uint64_t seed, double top1,
           double latency, const std::string& sweep = "s", int epochs = 2) const {
    Store store(file());
    const NewTrial trial{.fingerprint = architecture + std::to_string(rate) + std::to_string(seed) +
                                        (sweep == "again" ? "again" : ""),
                         .architecture = architecture,
                         .family = architecture.substr(0, 1),
                         .learning_rate = rate,
                         .seed = seed,
                         .epochs = epochs,
                         .image_size = 32,
                         .recipe_hash = "r",
                         .spec = R"({"seed": )" + std::to_string(seed) + "}"};
    const auto id = store.plan(store.begin_sweep(sweep, "c", ""), std::vector{trial})[0].id;
    const int attempt = store.start(id, "cpu", "j");
    store.set_environment(id, attempt, {.device = "cpu", .device_name = "CPU", .threads = 2});
    store.add_epoch(
        id, attempt,
        {.number = 1, .train_loss = 2, .valid_loss = 2, .valid_top1 = top1 / 2, .seconds = 3});
    store.add_epoch(
        id, attempt,
        {.number = 2, .train_loss = 1, .valid_loss = 1, .valid_top1 = top1, .seconds = 3});
    store.add_measurement(id, attempt,
                          {.kind = "latency",
                           .dtype = "float32",
                           .layout = "contiguous",
                           .image_size = 32,
                           .protocol = 1,
                           .seconds = {latency, latency, latency}});
    store.finish(id, attempt,
                 {.parameters = 10,
                  .macs = 20,
                  .dtype = "float32",
                  .layout = "contiguous",
                  .split_hash = "s"});
  }
  Reader reader() const { return Reader(file()); }
};

const Point& named(const Chart& chart, const std::string& name) {
  const auto found = std::ranges::find(chart.points, name, &Point::name);
  REQUIRE(found != chart.points.end());
  return *found;
}

}  // namespace

TEST_CASE("a mark stands for an experiment, an architecture or its bests") {
  Night night;
  night.add("a1", 0.01, 1, 0.80, 0.003);
  night.add("a1", 0.01, 2, 0.90, 0.003);
  night.add("a1", 0.10, 1, 0.70, 0.001);
  night.add("b1", 0.01, 1, 0.60, 0.002);
  const auto reader = night.reader();
  std::string remark;
  PictureRequest request;

  const auto experiments = frontier_chart(reader, request, false, remark);
  CHECK(experiments.points.size() == 3);
  CHECK(remark == "");
  CHECK(experiments.x.log);
  CHECK(experiments.x.unit == "s");

  request.by = By::architecture;
  const auto architectures = frontier_chart(reader, request, false, remark);
  REQUIRE(architectures.points.size() == 2);
  CHECK(named(architectures, "a1").y == Approx(0.85));
  CHECK(named(architectures, "a1").x == Approx(0.003));
  CHECK(named(architectures, "b1").on_frontier);  // what beat it is not shown

  request.by = By::bests;
  request.linear_x = true;
  const auto bests = frontier_chart(reader, request, false, remark);
  CHECK(named(bests, "a1").y == Approx(0.90));
  CHECK(named(bests, "a1").x == Approx(0.001));
  CHECK_FALSE(named(bests, "b1").on_frontier);
  CHECK_FALSE(bests.x.log);
}

TEST_CASE("bubbles show a column, or its square") {
  Night night;
  night.add("a1", 0.01, 1, 0.80, 0.003);
  const auto reader = night.reader();
  std::string remark;
  PictureRequest request;
  request.size = "image_size^2";
  CHECK(frontier_chart(reader, request, false, remark).points[0].size == 32 * 32);
  request.size = "image_size";
  CHECK(frontier_chart(reader, request, false, remark).points[0].size == 32);
  request.size = "image_size; DROP TABLE trials";
  CHECK_THROWS_WITH(frontier_chart(reader, request, false, remark), Contains("no column"));
}

TEST_CASE("the page knows each trial: metrics over seeds, settings, curves up to a limit") {
  Night night;
  night.add("a1", 0.01, 1, 0.80, 0.003);
  night.add("a1", 0.01, 2, 0.90, 0.005);
  night.add("b1", 0.01, 1, 0.70, 0.009, "s", static_cast<int>(most_epochs) - 4);
  night.add("c1", 0.01, 1, 0.60, 0.010);
  const auto reader = night.reader();
  std::string remark;
  const auto chart = frontier_chart(reader, {}, true, remark);
  REQUIRE(chart.points.size() == 3);
  CHECK(chart.x_metric == "latency");
  const auto value = [&](const Point& p, std::string_view key) {
    const auto at = std::ranges::find(chart.metrics, key, &Metric::key) - chart.metrics.begin();
    return p.values[static_cast<std::size_t>(at)];
  };
  CHECK(value(named(chart, "a1"), "top1") == Approx(0.85));
  CHECK(value(named(chart, "a1"), "latency") == Approx(0.004));
  CHECK(value(named(chart, "a1"), "parameters") == 10);
  REQUIRE(chart.trials.size() == 4);
  // The frontier's come first; c1's would be too much.
  CHECK(chart.trials[0].epochs.size() == 2);
  CHECK(chart.trials[0].epochs[1].valid_loss == 1);
  CHECK(chart.trials[2].epochs.size() == 2);
  CHECK_FALSE(chart.trials[2].epochs_left_out);
  CHECK(chart.trials[3].epochs.empty());
  CHECK(chart.trials[3].epochs_left_out);
  CHECK(chart.trials[1].spec == R"({"seed": 2})");
}

TEST_CASE("points that share a name say what they differ in") {
  Night night;
  night.add("a1", 0.01, 1, 0.80, 0.003);
  night.add("a1", 0.1, 1, 0.90, 0.003);
  std::string remark;
  const auto chart = frontier_chart(night.reader(), {}, true, remark);
  REQUIRE(chart.points.size() == 2);
  CHECK(chart.points[0].full_name != chart.points[1].full_name);
  CHECK_THAT(chart.points[0].full_name, Contains("lr 0."));
}

TEST_CASE("learning curves: a line a trial, the best named, one an architecture where asked") {
  Night night;
  for (int i = 0; i < 20; ++i) night.add("a" + std::to_string(i), 0.01, 1, 0.5 + 0.01 * i, 0.003);
  night.add("a19", 0.01, 2, 0.4, 0.003);
  const auto reader = night.reader();
  std::string remark;
  PictureRequest request;
  auto chart = curves_chart(reader, request, remark);
  REQUIRE(chart.lines.size() == 21);
  CHECK_THAT(chart.lines.back().name, Contains("a19 (trial"));  // the best is drawn last
  CHECK(chart.lines.back().points == std::vector<std::pair<double, double>>{{1, 0.345}, {2, 0.69}});
  CHECK(chart.lines.front().name == "");
  CHECK(chart.lines.front().style == Line::Style::faint);
  CHECK_THAT(chart.note, Contains("14 of 21"));

  request.by = By::architecture;
  request.selection.y = "valid_loss";
  chart = curves_chart(reader, request, remark);
  CHECK(chart.lines.size() == 20);
  CHECK(chart.y.better == Better::lower);
  CHECK(chart.lines[0].points[1] == std::pair(2.0, 1.0));
}

TEST_CASE("before and after: who moved which way") {
  Night night;
  night.add("better", 0.01, 1, 0.70, 0.003, "before");
  night.add("worse", 0.01, 1, 0.70, 0.003, "before");
  night.add("traded", 0.01, 1, 0.70, 0.003, "before");
  night.add("gone", 0.01, 1, 0.70, 0.001, "before");
  night.add("better", 0.01, 1, 0.80, 0.003, "again");
  night.add("worse", 0.01, 1, 0.70, 0.004, "again");
  night.add("traded", 0.01, 1, 0.80, 0.005, "again");
  night.add("new", 0.01, 1, 0.90, 0.010, "again");
  const auto reader = night.reader();
  const auto side = [&](const char* sweep) {
    PictureRequest request;
    request.by = By::architecture;
    request.selection.where = std::string("sweep = '") + sweep + "'";
    return Side{reader, request, sweep};
  };
  std::string remark;
  const auto chart = compare_chart(side("before"), side("again"), remark);
  CHECK_THAT(chart.note, Contains("3 architectures are in both: 1 better, 1 worse, 1 traded"));
  CHECK(std::ranges::count(chart.points, true, &Point::hollow) == 4);
  CHECK(chart.points.size() == 8);
  CHECK(std::ranges::count(chart.lines, Line::Style::arrow, &Line::style) == 3);
  const auto& before = chart.lines.back();  // the frontier
  CHECK(before.points.front().first == Approx(0.001));
  CHECK_THAT(chart.subtitle, Contains("before: before, after: again"));
}

TEST_CASE("what the frontier was worth rises to all of it") {
  Night night;
  night.add("a1", 0.01, 1, 0.70, 0.003);
  night.add("b1", 0.01, 1, 0.80, 0.009);
  night.add("c1", 0.01, 1, 0.60, 0.001);
  night.add("d1", 0.01, 1, 0.50, 0.020);
  const auto chart = over_time_chart(night.reader(), {});
  CHECK_THAT(chart.subtitle, Contains("top-1 accuracy against latency"));
  CHECK_THAT(chart.subtitle, Contains(ask_frontier(night.reader(), {}).keys));
  REQUIRE(chart.lines.size() == 1);
  const auto& points = chart.lines[0].points;
  for (std::size_t i = 1; i < points.size(); ++i) {
    CHECK(points[i].first >= points[i - 1].first);
    CHECK(points[i].second >= points[i - 1].second);
  }
  CHECK(points.back().second == Approx(1));
}
