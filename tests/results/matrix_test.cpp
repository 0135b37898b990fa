#include "results/plot/matrix.h"

#include <iterator>
#include <regex>

#include <catch2/catch.hpp>

using namespace archsweep::results;
using Catch::Matchers::Contains;

namespace {

std::ptrdiff_t count(const std::string& svg, const std::string& pattern) {
  const std::regex regex(pattern);
  return std::distance(std::sregex_iterator(svg.begin(), svg.end(), regex), std::sregex_iterator());
}

MatrixPicture matrix_of(std::size_t classes) {
  MatrixPicture matrix{.title = "Confusion", .subtitle = "of all", .classes = {}, .images = {}};
  for (std::size_t a = 0; a < classes; ++a) {
    matrix.classes.push_back("class <" + std::to_string(a) + ">");
    for (std::size_t p = 0; p < classes; ++p) matrix.images.push_back(a == p ? 9 : p == 0 ? 1 : 0);
  }
  return matrix;
}

}  // namespace

TEST_CASE("a confusion matrix has its counts, its names twice and its colours by right and wrong") {
  const auto svg = to_svg(matrix_of(3));
  CHECK(count(svg, "class=\"a c0\"") == 3);
  CHECK(count(svg, "class=\"a c1\"") == 2);
  CHECK(count(svg, ">9</text>") == 3);
  CHECK(count(svg, ">1</text>") == 2);
  CHECK(count(svg, ">class &lt;1&gt;</text>") == 2);
  CHECK_THAT(svg, Contains("<title>class &lt;2&gt; taken for class &lt;0&gt;: 1 of 10</title>"));
  CHECK(count(svg, "fill-opacity=\"0.32\"") == 2);  // the root of a tenth
}

TEST_CASE("names and numbers are left out where they have no room") {
  const auto some = to_svg(matrix_of(37)), many = to_svg(matrix_of(100));
  CHECK(count(some, ">class [^<]*</text>") == 2 * 37);
  CHECK(count(many, "text-anchor=\"end\"") == 0);
  CHECK(count(many, "<rect class=\"a ") == 199);
  CHECK(count(many, ">9</text>") == 0);
}

TEST_CASE("a page has the matrix and nothing else") {
  const auto page = to_html(matrix_of(2));
  CHECK_THAT(page, Catch::Matchers::StartsWith("<!DOCTYPE html>"));
  CHECK_THAT(page, Contains(to_svg(matrix_of(2))));
}
