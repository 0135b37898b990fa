#pragma once

// What nearly every file that uses LibTorch needs; precompiled.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <torch/nn/functional.h>
#include <torch/nn/init.h>
#include <torch/nn/modules.h>
#include <torch/optim.h>
#include <torch/types.h>
#include <torch/utils.h>
