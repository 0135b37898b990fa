#pragma once

#include <string>
#include <string_view>

namespace archsweep {

std::string base64(std::string_view bytes);

}  // namespace archsweep
