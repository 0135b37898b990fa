#include "results/plot/axis.h"
#include "results/plot/chart.h"
#include "results/plot/labels.h"

#include <catch2/catch.hpp>

using namespace archsweep::results;

namespace {

Chart three() {
  Chart chart{.title = "a <b> & c"};
  chart.points = {
      {.x = 0.001, .y = 0.80, .name = "fast", .family = "a"},
      {.x = 0.002, .y = 0.70, .name = "beaten", .family = "a"},
      {.x = 0.004, .y = 0.90, .name = "good", .family = "b", .details = {{"seed", "</script>"}}}};
  mark_frontier(chart);
  return chart;
}

}  // namespace

TEST_CASE("the frontier is what nothing else beats") {
  auto chart = three();
  CHECK(chart.points[0].on_frontier);
  CHECK_FALSE(chart.points[1].on_frontier);
  CHECK(chart.points[2].on_frontier);

  SECTION("equal points stay together") {
    chart.points.push_back(chart.points[0]);
    mark_frontier(chart);
    CHECK(chart.points[3].on_frontier);
    CHECK(chart.points[0].on_frontier);
  }
  SECTION("slower and equally good is beaten") {
    chart.points.push_back({.x = 0.005, .y = 0.90, .name = "late", .family = "b"});
    mark_frontier(chart);
    CHECK_FALSE(chart.points[3].on_frontier);
  }
  SECTION("an error is better when lower") {
    chart.higher_is_better = false;
    mark_frontier(chart);
    CHECK(chart.points[0].on_frontier);
    CHECK(chart.points[1].on_frontier);
    CHECK_FALSE(chart.points[2].on_frontier);
  }
}

TEST_CASE("an SVG escapes names and labels the frontier") {
  const auto svg = to_svg(three());
  CHECK(svg.find("a &lt;b&gt; &amp; c") != svg.npos);
  CHECK(svg.find(">fast</text>") != svg.npos);
  CHECK(svg.find(">good</text>") != svg.npos);
  CHECK(svg.find("nan") == svg.npos);
  CHECK(to_svg(Chart{}).find("no finished trials") != std::string::npos);
}

TEST_CASE("nothing in the data ends the script that holds it") {
  const auto html = to_html(three(), "PLOTLY");
  const auto begin = html.find("id=\"data\">"), end = html.find("</script>", begin);
  CHECK(html.substr(begin, end - begin).find("\"good\"") != html.npos);
  CHECK(html.find("PLOTLY") > end);
}

TEST_CASE("axes tick in 1, 2, 5 and reach their pixels in order") {
  const Axis log(0.0005, 0.02, true, 0, 100);
  CHECK(log(0.0005) > 0);
  CHECK(log(0.02) < 100);
  CHECK(log(0.001) < log(0.002));
  std::vector<std::string> labels;
  for (const auto& tick : log.ticks("s"))
    if (!tick.label.empty()) labels.push_back(tick.label);
  CHECK(labels == std::vector<std::string>{"500 us", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms"});

  const Axis one(0.5, 0.5, false, 100, 0);  // one value alone still makes an axis
  CHECK(one(0.5) == Approx(50));
}

TEST_CASE("labels lie on no mark, on no other label and inside the area") {
  std::vector<LabelRequest> requests;
  std::vector<Box> marks;
  for (int i = 0; i < 40; ++i) {
    const double x = 100 + 7 * i, y = 100 + 3 * (i % 5);
    requests.push_back({x, y, 4, 60, 12, i < 8});
    marks.push_back({x - 4, y - 4, x + 4, y + 4});
  }
  const Box area{0, 0, 500, 300};
  const auto places = place_labels(requests, marks, area);
  std::vector<Box> boxes;
  for (const auto& place : places)
    if (place) boxes.push_back(place->box);
  CHECK(boxes.size() >= 8);
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    CHECK((boxes[i].left >= 0 && boxes[i].right <= 500 && boxes[i].top >= 0 &&
           boxes[i].bottom <= 300));
    for (const auto& mark : marks) CHECK_FALSE(boxes[i].overlaps(mark));
    for (std::size_t j = 0; j < i; ++j) CHECK_FALSE(boxes[i].overlaps(boxes[j]));
  }
}
