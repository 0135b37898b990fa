#include "results/plot/image_grid.h"

#include <regex>
#include <set>

#include <catch2/catch.hpp>

using namespace archsweep::results;

namespace {

ImageGrid grid_of(std::size_t columns) {
  ImageGrid grid{
      .title = "Batch 1", .subtitle = {}, .rows = {"stored", "augmented"}, .columns = {}};
  for (std::size_t i = 0; i < columns; ++i)
    grid.columns.push_back(
        {"class " + std::to_string(i),
         "cat & dog",
         {ImageCell{"before", ""}, ImageCell{"after", i == 1 ? "70 % cat\n30 % dog" : ""}}});
  return grid;
}

std::size_t count(const std::string& svg, const std::string& pattern) {
  const std::regex regex(pattern);
  return static_cast<std::size_t>(
      std::distance(std::sregex_iterator(svg.begin(), svg.end(), regex), std::sregex_iterator()));
}

double height(const std::string& svg) {
  std::smatch found;
  REQUIRE(std::regex_search(svg, found, std::regex("height=\"([0-9]+)\" viewBox")));
  return std::stod(found[1]);
}

}  // namespace

TEST_CASE("a grid shows every image in its row, over its label") {
  const auto svg = to_svg(grid_of(3));
  CHECK(count(svg, "base64,YmVmb3Jl\"") == 3);
  CHECK(count(svg, "base64,YWZ0ZXI=\"") == 3);
  CHECK(count(svg, ">class [0-9]</text>") == 3);
  CHECK(count(svg, ">augmented</text>") == 1);
  CHECK(count(svg, "<title>cat &amp; dog</title>") == 3);
  CHECK(count(svg, ">70 % cat</text>\n<text[^>]*>30 % dog</text>") == 1);
  CHECK(to_svg(grid_of(3)) == svg);
}

TEST_CASE("what does not fit beside one another goes below, with the rows' names again") {
  const auto one = to_svg(grid_of(8)), two = to_svg(grid_of(9)), also_two = to_svg(grid_of(16));
  CHECK(height(one) < height(two));
  CHECK(height(two) == height(also_two));
  CHECK(count(two, ">stored</text>") == 2);
  // No image lies on another.
  CHECK(count(also_two, "<image x=\"[^>]*>") == 32);
  std::set<std::string> places;
  const std::regex place("<image (x=\"[0-9.]+\" y=\"[0-9.]+\")");
  for (std::sregex_iterator at(also_two.begin(), also_two.end(), place), end; at != end; ++at)
    places.insert((*at)[1]);
  CHECK(places.size() == 32);
}

TEST_CASE("a grid of one image and a long label is a picture too") {
  auto grid = grid_of(1);
  grid.columns[0].label = "english_cocker_spaniel_of_a_long_line";
  CHECK(count(to_svg(grid), "…</text>") == 1);
  CHECK(count(to_html(grid), "<title>Batch 1</title>") == 2);  // of the page and its picture
}
