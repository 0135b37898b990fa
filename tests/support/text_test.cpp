#include <catch2/catch.hpp>

#include "runner/support/text.h"

TEST_CASE("names are in natural order") {
  CHECK(archsweep::natural_less("resnet9", "resnet10"));
}
