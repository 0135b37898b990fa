#pragma once

#include <span>

#include "runner/http/pages.h"

namespace archsweep::serve {

std::span<const http::Page> pages();  // the files of page/

}  // namespace archsweep::serve
