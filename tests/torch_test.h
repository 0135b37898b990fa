#pragma once

// The one header of tests that use LibTorch: torch defines CHECK too, so it must come first.

#include "archs/torch_pch.h"

#undef CHECK
#include <catch2/catch.hpp>
