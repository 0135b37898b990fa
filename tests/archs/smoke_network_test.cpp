#include "tests/torch_test.h"
