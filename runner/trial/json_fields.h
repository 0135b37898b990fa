#pragma once

// Plain structs to and from JSON by one list of members each: a function
// `fields(auto& value, auto&& visit)` that calls visit("name", value.member) for every member, and
// visit("name", value.member, younger) for one that came later: it is left out where it is what a
// new T has, so that texts and hashes from before it stay true.

#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "runner/support/error.h"

namespace archsweep::runner {

struct Younger {};
inline constexpr Younger younger;

template <typename T>
concept HasFields = requires(T& value) {
  fields(value, [](const char*, auto&, auto...) {});
};

// What a new T has in its younger members, as text: NaN is null, and equals itself.
template <HasFields T>
const std::map<std::string, std::string>& younger_defaults() {
  static const auto defaults = [] {
    std::map<std::string, std::string> texts;
    const T fresh{};
    fields(fresh, [&](const char* name, const auto& member, auto... late) {
      if constexpr (sizeof...(late) > 0) texts[name] = nlohmann::json(member).dump();
    });
    return texts;
  }();
  return defaults;
}

template <HasFields T>
nlohmann::json fields_to_json(const T& value) {
  nlohmann::json object = nlohmann::json::object();
  const auto& defaults = younger_defaults<T>();
  fields(value, [&](const char* name, const auto& member, auto... late) {
    using M = std::remove_cvref_t<decltype(member)>;
    if constexpr (HasFields<M>) {
      object[name] = fields_to_json(member);
    } else {
      nlohmann::json written = member;  // nlohmann writes NaN as null
      if constexpr (sizeof...(late) > 0)
        if (written.dump() == defaults.at(name)) return;
      object[name] = std::move(written);
    }
  });
  return object;
}

inline double number_or_nan(const nlohmann::json& json) {
  return json.is_null() ? std::numeric_limits<double>::quiet_NaN() : json.get<double>();
}

// Throws Error: `where.member` is missing, of a wrong type, or unknown.
template <HasFields T>
T fields_from_json(const nlohmann::json& object, const std::string& where) {
  if (!object.is_object()) throw Error(where + ": expected an object");
  T value;
  std::set<std::string> known;
  fields(value, [&](const char* name, auto& member, auto... late) {
    using M = std::remove_cvref_t<decltype(member)>;
    known.insert(name);
    const auto at = object.find(name);
    if (at == object.end()) {
      if (sizeof...(late) > 0) return;
      throw Error(fmt::format("{}.{}: missing", where, name));
    }
    if constexpr (HasFields<M>) {
      member = fields_from_json<M>(*at, fmt::format("{}.{}", where, name));
    } else if constexpr (std::is_same_v<M, double>) {
      if (!at->is_number() && !at->is_null())
        throw Error(fmt::format("{}.{}: expected a number", where, name));
      member = number_or_nan(*at);
    } else if constexpr (std::is_same_v<M, std::vector<double>>) {
      if (!at->is_array()) throw Error(fmt::format("{}.{}: expected a list", where, name));
      for (const auto& item : *at) {
        if (!item.is_number() && !item.is_null())
          throw Error(fmt::format("{}.{}: expected numbers", where, name));
        member.push_back(number_or_nan(item));
      }
    } else if constexpr (std::is_integral_v<M> && !std::is_same_v<M, bool>) {
      if (!at->is_number_integer())
        throw Error(fmt::format("{}.{}: expected a whole number", where, name));
      member = at->template get<M>();
    } else {
      try {
        member = at->template get<M>();
      } catch (const nlohmann::json::exception&) {
        throw Error(fmt::format("{}.{}: wrong type", where, name));
      }
    }
  });
  for (const auto& [key, unused] : object.items())
    if (!known.contains(key)) throw Error(fmt::format("{}.{}: unknown", where, key));
  return value;
}

}  // namespace archsweep::runner
