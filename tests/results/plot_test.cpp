#include <cmath>
#include <random>
#include <regex>
#include <set>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "results/plot/axis.h"
#include "results/plot/chart.h"
#include "results/plot/labels.h"
#include "results/plot/lettering.h"
#include "results/plot/palette.h"
#include "results/plot/pictures.h"

using namespace archsweep::results;

namespace {

Chart three() {
  Chart chart{.title = "a <b> & c", .subtitle = {}, .note = {}};
  chart.x.log = true;
  chart.points = {{.x = 0.001, .y = 0.80, .name = "fast", .family = "a"},
                  {.x = 0.002, .y = 0.70, .name = "beaten", .family = "a"},
                  {.x = 0.004, .y = 0.90, .name = "good", .family = "b"}};
  mark_frontier(chart);
  return chart;
}

constexpr const char* units[] = {"s", "h", "%", "B", "1/s", "", "epoch"};

// What a sweep might give, and what none should: every unit and direction, log and linear, few and
// many points, intervals, groups, bubbles, long names and names in other scripts.
Chart random_chart(std::mt19937& random) {
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto share = [&] { return std::uniform_real_distribution(0.0, 1.0)(random); };
  const Better directions[] = {Better::lower, Better::higher, Better::neither};
  constexpr int sizes[] = {1, 2, 9, 60, 300};
  Chart chart{.title = "title",
              .subtitle = std::string(static_cast<std::size_t>(below(400)), 'w'),
              .note = {}};
  chart.x = {"x", units[below(7)], directions[below(3)], below(2) == 0};
  chart.y = {"y", units[below(7)], directions[below(3)], below(2) == 0};
  const int count = sizes[below(5)], families = 1 + below(30), long_names = below(2);
  const double decades = below(4), base = std::pow(10.0, below(12) - 5);
  for (int i = 0; i < count; ++i) {
    Point p;
    p.x = base * std::pow(10.0, decades * share());
    p.y = share();
    if (below(8) == 0) p.x = base, p.y = 0.5;
    p.name = "arch_" + std::to_string(i);
    if (long_names) p.name += std::string(static_cast<std::size_t>(below(80)), "mil_é"[below(4)]);
    if (below(10) == 0) p.name += "ネット";
    p.family = "family" + std::to_string(below(families) * below(families));
    if (below(2))
      p.x_low = p.x * 0.9, p.x_high = p.x * 1.2, p.y_low = p.y * 0.9, p.y_high = p.y * 1.1;
    if (below(2)) p.size = below(1000);
    p.group = below(5);
    chart.points.push_back(p);
  }
  if (below(2)) chart.size_label = "image size";
  chart.draw_frontier = chart.x.better != Better::neither && chart.y.better != Better::neither;
  if (chart.draw_frontier) mark_frontier(chart);
  if (below(2)) add_trends(chart);
  return chart;
}

// Tags that open are closed in their order; attributes are quoted, entities are known. Returns what
// is wrong, or "".
std::string malformed(const std::string& xml) {
  static const std::regex tag(R"(<(/?)([a-z]+)((?: [a-zA-Z-]+="[^"<]*")*) ?(/?)>)",
                              std::regex::optimize);
  static const std::regex reference("&(amp|lt|gt|quot);");
  std::vector<std::string> open;
  for (std::size_t at = 0; at < xml.size();) {
    const auto next = std::min(xml.find('<', at), xml.size());
    for (auto i = xml.find('&', at); i < next; i = xml.find('&', i + 1))
      if (!std::regex_search(xml.begin() + static_cast<long>(i), xml.end(), reference,
                             std::regex_constants::match_continuous))
        return "a bare & before " + xml.substr(next, 60);
    if (next == xml.size()) break;
    std::smatch found;
    if (!std::regex_search(xml.begin() + static_cast<long>(next), xml.end(), found, tag,
                           std::regex_constants::match_continuous))
      return "no tag: " + xml.substr(next, 80);
    if (found[1].length()) {
      if (open.empty() || open.back() != found[2]) return "closes too early: " + found.str();
      open.pop_back();
    } else if (!found[4].length()) {
      open.push_back(found[2]);
    }
    at = next + static_cast<std::size_t>(found.length());
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

std::string attribute(const std::string& tag, const std::string& name) {
  const auto at = tag.find(" " + name + "=\"");
  if (at == tag.npos) return "";
  const auto begin = at + name.size() + 3;
  return tag.substr(begin, tag.find('"', begin) - begin);
}

std::string unescaped(std::string text) {
  for (const auto& [from, to] :
       {std::pair("&lt;", "<"), {"&gt;", ">"}, {"&quot;", "\""}, {"&amp;", "&"}})
    for (std::size_t at = 0; (at = text.find(from, at)) != text.npos; ++at)
      text.replace(at, std::string(from).size(), to);
  return text;
}

struct Words {
  std::string text, classes;
  Box box;
};

// The upright texts of an SVG, a little smaller than their letters: what touches does not overlap.
std::vector<Words> words_of(const std::string& svg) {
  std::vector<Words> all;
  const auto root = svg.substr(0, svg.find('>'));
  for (std::size_t at = 0; (at = svg.find("<text ", at)) != svg.npos; ++at) {
    const auto end = svg.find('>', at);
    const auto tag = svg.substr(at, end - at);
    const auto inside = svg.substr(end + 1, svg.find("</text>", end) - end - 1);
    if (attribute(tag, "x").empty() || inside.find("<tspan") != inside.npos) continue;
    const auto own = attribute(tag, "font-size");
    const double size = std::stod(own.empty() ? attribute(root, "font-size") : own);
    const auto classes = " " + attribute(tag, "class") + " ";
    const auto text = unescaped(inside);
    const double width = text_width(text, size, classes.find(" b ") != classes.npos) - 1;
    const double x = std::stod(attribute(tag, "x")), y = std::stod(attribute(tag, "y"));
    const auto anchor = attribute(tag, "text-anchor");
    const double left = anchor == "middle" ? x - width / 2 : anchor == "end" ? x - width : x;
    all.push_back({text, classes, {left, y - 0.75 * size, left + width, y + 0.15 * size}});
  }
  return all;
}

// The marks that are circles, of points alone: those have a title.
std::vector<Box> circles_of(const std::string& svg) {
  std::vector<Box> all;
  for (std::size_t at = 0; (at = svg.find("<circle ", at)) != svg.npos; ++at) {
    const auto end = svg.find('>', at);
    const auto tag = svg.substr(at, end - at);
    if (svg.compare(end + 1, 7, "<title>") != 0) continue;
    const double x = std::stod(attribute(tag, "cx")), y = std::stod(attribute(tag, "cy"));
    const double r = std::stod(attribute(tag, "r")) - 0.2;
    all.push_back({x - r, y - r, x + r, y + r});
  }
  return all;
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
    chart.y.better = Better::lower;
    mark_frontier(chart);
    CHECK(chart.points[0].on_frontier);
    CHECK(chart.points[1].on_frontier);
    CHECK_FALSE(chart.points[2].on_frontier);
  }
  SECTION("a throughput is better when higher") {
    chart.x.better = Better::higher;
    mark_frontier(chart);
    CHECK_FALSE(chart.points[0].on_frontier);
    CHECK_FALSE(chart.points[1].on_frontier);
    CHECK(chart.points[2].on_frontier);
  }
}

TEST_CASE("an SVG escapes names and labels the frontier") {
  auto chart = three();
  chart.points[0].name = "\"fast\" <script> \x01";
  const auto svg = to_svg(chart);
  CHECK(svg.find("a &lt;b&gt; &amp; c") != svg.npos);
  CHECK(svg.find(">&quot;fast&quot; &lt;script&gt; ?</text>") != svg.npos);
  CHECK(svg.find(">good</text>") != svg.npos);
  CHECK(malformed(svg) == "");
  CHECK(to_svg(Chart{}).find("no finished trials") != std::string::npos);
  CHECK(malformed(to_svg(Chart{})) == "");
}

TEST_CASE("no text of an SVG lies on another, on a mark or over the edge") {
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    const auto chart = random_chart(random);
    const int width = i % 3 == 0 ? 500 : i % 3 == 1 ? 800 : 1600;
    const auto svg = to_svg(chart, width, static_cast<Theme>(i % 3));
    INFO("chart " << i << ", " << chart.points.size() << " points, " << width << " pixels");
    CHECK(malformed(svg) == "");
    CHECK(svg.find("nan") == svg.npos);
    CHECK(svg.find("inf") == svg.npos);
    const auto words = words_of(svg);
    const auto circles = circles_of(svg);
    const double height = std::stod(attribute(svg.substr(0, svg.find('>')), "height"));
    CHECK(words.size() > 4);
    for (std::size_t a = 0; a < words.size(); ++a) {
      const auto& [text, classes, box] = words[a];
      INFO(text);
      CHECK((box.left >= 0 && box.right <= width && box.top >= 0 && box.bottom <= height));
      for (std::size_t b = 0; b < a; ++b) {
        INFO(words[b].text);
        CHECK_FALSE(box.overlaps(words[b].box));
      }
      if (classes.find(" n ") != classes.npos)
        for (const auto& circle : circles) CHECK_FALSE(box.overlaps(circle));
    }
  }
}

TEST_CASE("the frontier of few points is named whole") {
  std::mt19937 random(3);
  for (int i = 0; i < 50; ++i) {
    auto chart = random_chart(random);
    if (chart.points.size() > 9 || !chart.draw_frontier) continue;
    for (auto& point : chart.points) point.name = point.name.substr(0, 8);
    const auto words = words_of(to_svg(chart, 800));
    for (const auto& point : chart.points)
      if (point.on_frontier) CHECK(std::ranges::count(words, point.name, &Words::text) == 1);
  }
}

TEST_CASE("the theme decides the colours") {
  CHECK(to_svg(three(), 800, Theme::light).find("#16181c") == std::string::npos);
  CHECK(to_svg(three(), 800, Theme::dark).find(".paper{fill:#16181c}") != std::string::npos);
  CHECK(to_svg(three(), 800, Theme::automatic).find("prefers-color-scheme:dark") !=
        std::string::npos);
}

TEST_CASE("the largest families have colours, some of the rest shapes, the others one entry") {
  Chart chart;
  for (int family = 0; family < 14; ++family)
    for (int i = 0; i < 20 - family; ++i)
      chart.points.push_back(
          {.x = 1.0 + i, .y = 0.5, .name = "n", .family = "f" + std::to_string(family)});
  const auto styles = family_styles(chart);
  REQUIRE(styles.size() == 14);
  CHECK(styles[0].family == "f0");
  CHECK(styles[7].colour == 7);
  CHECK(styles[8].colour == -1);
  CHECK(styles[8].shape == Shape::square);
  CHECK_FALSE(styles[10].is_other);
  CHECK(styles[11].is_other);
  const auto words = words_of(to_svg(chart));
  CHECK(std::ranges::count(words, "f10", &Words::text) == 1);
  CHECK(std::ranges::count(words, "f11", &Words::text) == 0);
  CHECK(std::ranges::count(words, "3 others", &Words::text) == 1);
  CHECK(std::ranges::count(words, "24", &Words::text) == 1);  // points of the others
}

TEST_CASE("nothing in the data ends the script that holds it, and all of it comes back") {
  auto chart = three();
  chart.points[2].name = "</script><script>alert(1)</script><!--'\"\\\xff";
  chart.trials = {{.trial = 5,
                   .settings = {{"seed", "</SCRIPT >"}},
                   .spec = R"({"a": 1, "b": {"c": "</script>"}})",
                   .epochs = {{.number = 1, .valid_top1 = 0.123456789}}},
                  {.trial = 6, .settings = {}, .spec = R"({"a": 2, "d": 3})", .epochs = {}}};
  const auto html = to_html(chart, "PLOTLY");
  const std::string opening = "id=\"data\">";
  const auto begin = html.find(opening) + opening.size(), end = html.find("</script", begin);
  const auto json = nlohmann::json::parse(html.substr(begin, end - begin));
  CHECK(html.substr(begin, end - begin).find('<') == html.npos);
  CHECK(json["points"][2]["name"] == "</script><script>alert(1)</script><!--'\"\\\xef\xbf\xbd");
  CHECK(json["trials"]["5"]["spec"] == nlohmann::json::object());
  CHECK(json["base_spec"]["b"]["c"] == "</script>");
  // Of another trial only what differs: b is not there, d is new.
  CHECK(json["trials"]["6"]["spec"].dump() == R"({"a":2,"b":null,"d":3})");
  CHECK(json["trials"]["5"]["valid_top1"].dump() == "[0.123457]");
  CHECK(html.find("PLOTLY") > end);
  CHECK(html.find("@DATA@") == html.npos);
  CHECK(html.find("@SCRIPT@") == html.npos);
}

TEST_CASE("axes tick in 1, 2, 5 and reach their pixels in order") {
  const auto labels = [](const Axis& axis, const char* unit) {
    std::vector<std::string> all;
    for (const auto& tick : axis.ticks(unit))
      if (!tick.label.empty()) all.push_back(tick.label);
    return all;
  };
  using Labels = std::vector<std::string>;
  const Axis log(0.0005, 0.02, true, 0, 100);
  CHECK(log(0.0005) > 0);
  CHECK(log(0.02) < 100);
  CHECK(log(0.001) < log(0.002));
  CHECK(labels(log, "s") == Labels{"500 µs", "1 ms", "2 ms", "5 ms", "10 ms", "20 ms"});
  CHECK(labels(Axis(0.71, 0.92, false, 0, 100), "%") ==
        Labels{"70 %", "75 %", "80 %", "85 %", "90 %"});
  CHECK(labels(Axis(0x1p28, 0x1p32, true, 0, 100), "B") ==
        Labels{"256 MiB", "512 MiB", "1 GiB", "2 GiB", "4 GiB"});
  CHECK(labels(Axis(1.5 * 0x1p30, 6.2 * 0x1p30, false, 0, 100), "B") ==
        Labels{"2 GiB", "3 GiB", "4 GiB", "5 GiB", "6 GiB"});
  CHECK(labels(Axis(50, 410, false, 0, 100), "s") ==
        Labels{"50 s", "100 s", "150 s", "200 s", "250 s", "300 s", "350 s", "400 s"});
  CHECK(labels(Axis(1, 3, false, 0, 100), "epoch") == Labels{"1", "2", "3"});
  CHECK(labels(Axis(900, 30000, true, 0, 100), "1/s") ==
        Labels{"1 k/s", "2 k/s", "5 k/s", "10 k/s", "20 k/s"});
  // Within one step of 1, 2, 5 a log axis ticks as a linear one.
  CHECK(labels(Axis(1.0e-3, 1.6e-3, true, 0, 100), "s").size() >= 3);
  // A share is at most whole, though the axis has a margin.
  CHECK(labels(Axis(0.2, 1.0, false, 0, 100), "%").back() == "100 %");

  const Axis one(0.5, 0.5, false, 100, 0);  // one value alone still makes an axis
  CHECK(one(0.5) == Approx(50));
}

TEST_CASE("any axis has a few ticks, in order, inside, told apart by their labels") {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> exponent(-9, 14), span(0, 3);
  for (int i = 0; i < 3000; ++i) {
    const std::string unit = units[i % 7];
    double least = std::pow(10.0, unit == "%" ? span(random) - 4 : exponent(random));
    double most = least * std::pow(10.0, i % 5 == 0 ? 0 : span(random));
    if (unit == "epoch") least = 1 + i % 50, most = least + i % 300;
    if (unit == "%" && most > 1) continue;
    for (const bool log : {false, true}) {
      const Axis axis(least, most, log, 0, 1000);
      INFO(least << " to " << most << " " << unit << (log ? " log" : ""));
      std::vector<std::string> labels;
      double last = -1;
      for (const auto& tick : axis.ticks(unit)) {
        CHECK((axis(tick.value) >= -1e-6 && axis(tick.value) <= 1000 + 1e-6));
        CHECK(axis(tick.value) > last);
        last = axis(tick.value);
        if (!tick.label.empty()) labels.push_back(tick.label);
      }
      CHECK(
          (labels.size() >= (most - least < 2 && unit == "epoch" ? 1 : 2) && labels.size() <= 16));
      CHECK(std::set(labels.begin(), labels.end()).size() == labels.size());
      for (const auto& label : labels) CHECK((least < 1e-3 || label.find('e') == label.npos));
    }
  }
}

TEST_CASE("what is no text of XML becomes a question mark") {
  CHECK(escape_xml("é\x01\xe9<\xc3") == "é??&lt;?");
  CHECK(escape_xml("ネット\n\x7f\xf8") == "ネット\n??");
}

TEST_CASE("text is cut to its room, between characters") {
  CHECK(shorten("resnet50", 1000, 12) == "resnet50");
  CHECK(shorten("resnet50", 40, 12) == "resn…");
  CHECK(text_width("iiii", 10) < text_width("mmmm", 10));
  for (double width = 12; width < 200; width += 7)
    for (const auto* text :
         {"éééééééééé", "ネットネットネット", "a b c d e f g h i j k l m n o p"}) {
      const auto cut = shorten(text, width, 12);
      CHECK(text_width(cut, 12) <= width);
      CHECK_NOTHROW(nlohmann::json(cut).dump());  // UTF-8
      const auto lines = wrap(text, width, 12, 3);
      CHECK(lines.size() <= 3);
      for (const auto& line : lines) CHECK(text_width(line, 12) <= width);
    }
  CHECK(wrap("one two three", 1000, 12, 2) == std::vector<std::string>{"one two three"});
  CHECK(wrap("", 100, 12, 2).empty());
  CHECK(wrap("aa bb cc", 30, 12, 3) == std::vector<std::string>{"aa", "bb", "cc"});
}

TEST_CASE("names of lines keep their order and their distance") {
  const std::vector<double> wanted{50, 10, 11, 12, 98, 99};
  const auto heights = spread(wanted, 10, 0, 100);
  CHECK(heights[1] == 10);
  CHECK(heights[2] == 20);
  CHECK(heights[3] == 30);
  CHECK(heights[0] == 50);
  CHECK(heights[5] == 100);
  CHECK(heights[4] == 90);
}

TEST_CASE("a trend is the least-squares line, in the terms of the axes") {
  Chart chart;
  chart.x.log = true;
  for (const double x : {1e-3, 1e-2, 1e-1})
    chart.points.push_back({.x = x, .y = 0.9 + 0.1 * std::log10(x), .name = "n", .family = "f"});
  chart.points.push_back({.x = 1e-2, .y = 0.7 + 0.06, .name = "n", .family = "f"});
  chart.points.push_back({.x = 1e-2, .y = 0.7 - 0.06, .name = "n", .family = "f"});
  chart.points.push_back({.x = 1, .y = 0.1, .name = "two", .family = "g"});
  chart.points.push_back({.x = 2, .y = 0.1, .name = "two", .family = "g"});
  for (int i = 0; i < 3; ++i)
    chart.points.push_back({.x = 1, .y = 0.1 * i, .name = "alike", .family = "h"});
  add_trends(chart);
  REQUIRE(chart.lines.size() == 1);  // not of two points, nor of one x
  CHECK(chart.lines[0].family == "f");
  CHECK(chart.lines[0].points[0].first == Approx(1e-3));
  CHECK(chart.lines[0].points[0].second == Approx(0.6));
  CHECK(chart.lines[0].points[1].second == Approx(0.8));
}

TEST_CASE("a learning-rate finder's curve has its suggestions on it") {
  const auto chart = lr_find_chart({{1e-4, 2.0}, {1e-3, 1.5}, {1e-2, 1.0}, {1e-1, 4.0}},
                                   {{"valley", 1.1e-3}, {"steep", 9e-3}}, "lr-find");
  REQUIRE(chart.points.size() == 2);
  CHECK(chart.points[0].y == 1.5);
  CHECK(chart.points[1].y == 1.0);
  const auto svg = to_svg(chart, 800);
  const auto words = words_of(svg);
  CHECK(std::ranges::count(words, "valley 0.0011", &Words::text) == 1);
  CHECK(std::ranges::count(words, "steep 0.009", &Words::text) == 1);
  CHECK(malformed(svg) == "");
}

TEST_CASE("a label gives way to one that has no other place") {
  // Both names fit right of their marks, but only the first fits left of it.
  const std::vector<LabelRequest> requests{{50, 6, 2, 40, 10, true}, {44, 6, 2, 44, 10, true}};
  const auto places = place_labels(requests, {}, {}, {0, 0, 100, 12});
  REQUIRE(places[0]);
  REQUIRE(places[1]);
  CHECK(places[0]->box.right < 50);
  CHECK(places[1]->box.left > 44);
}

TEST_CASE("a label at the end of a line is not put beside another mark") {
  const Box mark{11, 11, 89, 89};  // large, and around the one that is named
  const auto places = place_labels({{50, 50, 2, 20, 10, true}}, {mark}, {}, {-200, -200, 300, 300});
  REQUIRE(places[0]);
  CHECK(places[0]->line);
  const auto& box = places[0]->box;
  CHECK((box.left >= 97 || box.right <= 3 || box.bottom <= 9 || box.top >= 91));
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
  const auto places = place_labels(requests, marks, {}, area);
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
