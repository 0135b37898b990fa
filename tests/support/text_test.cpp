#include <catch2/catch.hpp>

#include "runner/support/text.h"

TEST_CASE("names are in natural order") {
  CHECK(archsweep::natural_less("resnet9", "resnet10"));
}

TEST_CASE("durations are numbers with a unit") {
  using archsweep::parse_duration;
  CHECK(parse_duration("90s") == 90);
  CHECK(parse_duration("0.5m") == 30);
  CHECK(parse_duration("2h") == 7200);
  CHECK(parse_duration("1d") == 86400);
  for (const char* text : {"", "90", "s", "-1s", "0s", "1w", "1 h", "1hh", "nans"})
    CHECK_FALSE(parse_duration(text));
}
