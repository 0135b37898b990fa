#include "runner/support/csv.h"

#include <catch2/catch.hpp>

using namespace archsweep;
using namespace std::literals;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

using Texts = std::vector<std::vector<std::string>>;

// The header and the rows; or what was said against the file.
Texts rows(std::string_view text) {
  Csv csv(text, "t.csv");
  Texts all{csv.columns()};
  while (csv.next()) {
    auto& row = all.emplace_back();
    for (const auto& field : csv.row()) row.push_back(field.text);
  }
  CHECK_FALSE(csv.next());
  return all;
}

std::string fault(std::string_view text) {
  try {
    rows(text);
  } catch (const Error& e) {
    CHECK(e.code() == Exit::usage);
    return e.what();
  }
  return "";
}

}  // namespace

TEST_CASE("a table is the same however its lines end", "[csv]") {
  const Texts expected{{"a", "b"}, {"1", "2"}, {"3", ""}};
  CHECK(rows("a,b\n1,2\n3,\n") == expected);
  CHECK(rows("a,b\n1,2\n3,") == expected);
  CHECK(rows("a,b\r\n1,2\r\n3,\r\n") == expected);
  CHECK(rows("a,b\r1,2\r3,\r") == expected);
  CHECK(rows("\xEF\xBB\xBF"
             "a,b\n\n1,2\n  \n3,\n\n") == expected);
  CHECK(rows("a , b\n 1,\t2\n3, \n") == expected);
  CHECK(rows("a,b") == Texts{{"a", "b"}});
  CHECK(rows("a\n1") == Texts{{"a"}, {"1"}});
}

TEST_CASE("quotes hold commas, line breaks, quotes and spaces", "[csv]") {
  CHECK(rows("a,b\n\"x,y\",\"1\n2\"\n") == Texts{{"a", "b"}, {"x,y", "1\n2"}});
  CHECK(rows("a,b\n\"he said \"\"no\"\"\",\"\"\n") == Texts{{"a", "b"}, {"he said \"no\"", ""}});
  CHECK(rows("a,b\n\" x \",1") == Texts{{"a", "b"}, {" x ", "1"}});
  CHECK(rows("\"a\nb\",c\n1,2\n") == Texts{{"a\nb", "c"}, {"1", "2"}});
  CHECK(rows("naïve,日本\n\xF0\x9F\x98\x80,2\n") ==
        Texts{{"naïve", "日本"}, {"\xF0\x9F\x98\x80", "2"}});
}

TEST_CASE("the separator is what the header has outside quotes", "[csv]") {
  CHECK(csv_separator("a,b\n1;2;3\n") == ',');
  CHECK(csv_separator("a;b\r\n") == ';');
  CHECK(csv_separator("a;b\tc") == '\t');
  CHECK(csv_separator("\"Age, years\";Fare;Survived\n1,5;2;0\n") == ';');
  CHECK(csv_separator("\"Age,\nyears\";Fare\n1,5\n") == ';');
  CHECK(csv_separator("\"a \"\"b, c\"\"\";d\n") == ';');
  CHECK(csv_separator("one\n1,2\n") == ',');
  CHECK(csv_separator("") == ',');
}

TEST_CASE("a field knows its place in the file", "[csv]") {
  Csv csv("a,b,c\r\n\r\n1,\"x\n\ny\",3\r\n\"4\",,6\n", "t.csv");
  CHECK(csv.find("b") == 1);
  CHECK_FALSE(csv.find("d"));
  const auto places = [&] {
    std::string all;
    for (const auto& f : csv.row())
      all += std::to_string(f.line) + ":" + std::to_string(f.column) + " ";
    return all;
  };
  REQUIRE(csv.next());
  CHECK(places() == "3:1 3:3 5:4 ");
  CHECK(csv.line() == 3);
  REQUIRE(csv.next());
  CHECK(places() == "6:1 6:5 6:6 ");
  CHECK(csv.fault(csv.row()[2], "bad").what() == "t.csv:6:6: bad"s);
}

TEST_CASE("what is no table is refused where it goes wrong", "[csv]") {
  CHECK(fault("") == "t.csv: is empty; expected a header row");
  CHECK(fault("\xEF\xBB\xBF\n \n") == "t.csv: is empty; expected a header row");
  CHECK(fault("a,b\n1,2\n3\n") == "t.csv:3:1: 1 fields; the header has 2");
  CHECK(fault("a,b\n\"1\n2\",2\n3,4,5\n") == "t.csv:4:1: 3 fields; the header has 2");
  CHECK_THAT(fault("a,b\n1,x\"y\"\n"), StartsWith("t.csv:2:3: a quote inside a field"));
  CHECK_THAT(fault("a,b\n\"x\"y,2\n"), StartsWith("t.csv:2:1: a quote inside a field"));
  CHECK(fault("a,b\n1,\"x\n2,3\n4,5\n") == "t.csv:2:3: the quote that begins here is never closed");
  CHECK(fault("a,b,a\n") == "t.csv:1:5: a second column 'a'");
  CHECK_THAT(fault("a,b\n1,x\0y\n"sv), StartsWith("t.csv:2:4: byte 0x00 is no text in UTF-8"));
  CHECK_THAT(fault("a,b\n1,caf\xE9\n"), StartsWith("t.csv:2:6: byte 0xe9 is no text"));
  CHECK_THAT(fault("\xFF\xFE"
                   "a\0,\0"s),
             Contains("UTF-16"));
  CHECK_THAT(fault("\x89PNG\r\n\x1A\n"), StartsWith("t.csv:1:1: byte 0x89"));
  // Overlong, a surrogate, beyond Unicode, cut short.
  for (const auto* bytes :
       {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xE2\x82"})
    CHECK_THAT(fault("a\n"s + bytes), StartsWith("t.csv:2:1: byte"));
  std::string wide = "0";
  for (int i = 1; i < 2000; ++i) wide += "," + std::to_string(i);
  CHECK(fault(wide) == "t.csv:1:1: more than 1000 columns");
}

TEST_CASE("a field may be large and a row may have many that are not wanted", "[csv]") {
  const std::string large(3 << 20, 'x');
  CHECK(rows("a\n" + large + "\n")[1][0] == large);
  CHECK(fault("a\n1" + std::string(1 << 20, ',') + "\n") ==
        "t.csv:2:1: 1048577 fields; the header has 1");
}
