#include "results/comparable.h"

#include <algorithm>

#include <fmt/format.h>

#include "archs/catalog.h"
#include "results/condition.h"
#include "runner/support/error.h"
#include "runner/support/text.h"

namespace archsweep::results {
namespace {

using Texts = std::vector<std::string>;

Texts texts(const Reader& reader, const std::string& sql) {
  Texts all;
  for (auto cursor = reader.open(sql); cursor.next();) all.emplace_back(cursor.text(0));
  return all;
}

bool needs(Within within, Within key) {
  return within == key || within == Within::both_keys;
}

std::string describe(const Reader& reader, const std::string& key) {
  const auto found =
      texts(reader, "SELECT description FROM comparability_keys WHERE key = " + sql_text(key));
  return found.empty() ? key : found[0];
}

std::string described(const Reader& reader, const std::string& accuracy, const std::string& speed) {
  return (accuracy.empty() ? "" : describe(reader, accuracy)) +
         (accuracy.empty() || speed.empty() ? "" : "; ") +
         (speed.empty() ? "" : describe(reader, speed));
}

// The whole of a key that is given by its beginning.
std::string whole_key(const Reader& reader, const std::string& column, const std::string& option,
                      const std::string& given) {
  const auto all = texts(reader, fmt::format("SELECT DISTINCT {} FROM results", column));
  Texts found;
  for (const auto& key : all)
    if (key == given)
      return key;
    else if (key.starts_with(given))
      found.push_back(key);
  if (found.size() == 1) return found[0];
  const auto& choice = found.empty() ? all : found;
  std::string list;
  constexpr std::size_t most = 8;
  for (std::size_t i = 0; i < std::min(most, choice.size()); ++i)
    list += fmt::format("{}{} ({})", i ? "; " : "", choice[i], describe(reader, choice[i]));
  if (choice.size() > most)
    list += fmt::format("; and {} more in table comparability_keys", choice.size() - most);
  throw Error(fmt::format("{} {}: {}; there {}: {}", option, printable(given, 80),
                          found.empty() ? "no key begins so" : "several keys begin so",
                          choice.size() == 1 ? "is" : "are", list.empty() ? "none" : list));
}

// Families that the globs leave.
Texts families(const Reader& reader, const Texts& globs) {
  const auto all = texts(reader, "SELECT DISTINCT family FROM results");
  for (const auto& glob : globs) {
    const auto bare = glob.starts_with('!') ? glob.substr(1) : glob;
    if (!all.empty() && std::ranges::none_of(all, [&](auto& f) { return glob_match(bare, f); }))
      throw Error(fmt::format("--family {}: no trial is of such a family{}", printable(glob, 80),
                              did_you_mean(bare, all)));
  }
  Texts chosen;
  for (const auto& family : all)
    if (archs::is_selected(family, globs)) chosen.push_back(family);
  return chosen;
}

std::string with_values(const Metric& x, const Metric& y) {
  return fmt::format(" AND {} IS NOT NULL AND {} IS NOT NULL", x.key, y.key);
}

// What most people mean by speed, of what the rows have.
const Metric& usual_x(const Reader& reader, const std::string& from, const Metric& y) {
  for (const auto* word : {"latency", "seconds_per_sample", "fit_time"}) {
    const auto& x = metric(word, "--x");
    if (reader.open(fmt::format("SELECT 1 {}{} LIMIT 1", from, with_values(x, y))).next()) return x;
  }
  return metric("latency", "--x");
}

struct Key {
  std::string speed, accuracy;
  std::size_t rows = 0;
};

std::string equal(const char* column, const std::string& key) {
  return fmt::format(" AND {} = {}", column, sql_text(key));
}

}  // namespace

std::string conditions(const Reader& reader, const Selection& s) {
  std::string sql = "FROM finished WHERE 1";
  if (!s.where.empty()) {
    check_expression(reader, "--where", s.where);
    sql += " AND (" + s.where + ")";
  }
  if (!s.families.empty()) {
    std::string list;
    for (const auto& family : families(reader, s.families))
      list += (list.empty() ? "" : ", ") + sql_text(family);
    sql += " AND family IN (" + list + ")";
  }
  // What is not known to fit is left out.
  if (s.max_memory > 0)
    sql += fmt::format(
        " AND max(coalesce(train_memory_bytes, 0), coalesce(inference_memory_bytes, 0)) "
        "BETWEEN 1 AND {}",
        s.max_memory);
  return sql;
}

Comparable comparable(const Reader& reader, const Selection& s) {
  const auto& y = metric(s.y.empty() ? "top1" : s.y, "--y");
  auto from = conditions(reader, s);
  const auto& x = s.x.empty() ? usual_x(reader, from, y) : metric(s.x, "--x");
  if (x.key == y.key) throw Error(fmt::format("--x and --y are both {}; name two metrics", x.key));
  from += with_values(x, y);

  const bool speed = needs(x.within, Within::speed_key) || needs(y.within, Within::speed_key);
  const bool accuracy =
      needs(x.within, Within::accuracy_key) || needs(y.within, Within::accuracy_key);
  std::string given;
  if (speed && !s.speed_key.empty())
    given += equal("speed_key", whole_key(reader, "speed_key", "--speed-key", s.speed_key));
  if (accuracy && !s.accuracy_key.empty())
    given +=
        equal("accuracy_key", whole_key(reader, "accuracy_key", "--accuracy-key", s.accuracy_key));

  Comparable result{.x = x, .y = y, .from = from, .keys = "", .left_out = 0, .other_keys = 0};
  if (!speed && !accuracy) return result;
  const std::string columns =
      fmt::format("{}, {}", accuracy ? "accuracy_key" : "''", speed ? "speed_key" : "''");
  const auto tally = [&](const std::string& restricted) {
    std::vector<Key> keys;
    for (auto cursor = reader.open(
             fmt::format("SELECT {}, count(*) {}{} GROUP BY 1, 2", columns, from, restricted));
         cursor.next();)
      keys.push_back({std::string(cursor.text(1)), std::string(cursor.text(0)),
                      static_cast<std::size_t>(cursor.whole(2))});
    return keys;
  };
  const auto all = tally("");
  const auto choice = given.empty() ? all : tally(given);
  const auto restrict = [&](const Key& key) {
    return (accuracy ? equal("accuracy_key", key.accuracy) : "") +
           (speed ? equal("speed_key", key.speed) : "");
  };
  const auto latest = [&](const Key& key) {
    const auto found = texts(reader, "SELECT max(finished_at) " + from + restrict(key));
    return found.empty() ? std::string() : found[0];
  };
  const Key* best = nullptr;
  for (const auto& key : choice)
    if (!best || key.rows > best->rows || (key.rows == best->rows && latest(key) > latest(*best)))
      best = &key;
  if (!best) {
    result.from += given + " AND 0";
  } else {
    result.from += restrict(*best);
    result.keys = described(reader, best->accuracy, best->speed);
  }
  for (const auto& key : all)
    if (!best || key.speed != best->speed || key.accuracy != best->accuracy)
      result.left_out += key.rows, ++result.other_keys;
  return result;
}

}  // namespace archsweep::results
